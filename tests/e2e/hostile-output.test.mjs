// What a server may send to do harm, one after the other in the real window: what happens, and what must not.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { answerTo } from './support/answers.mjs'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { command, runAction, shown, tryBuiltInHost } from './support/window.mjs'

/** A terminal that obeyed a hostile count or string would stand still for minutes. */
const AT_ONCE = { patience: 10_000 }

let desktop, app, opened

before(async () => {
  desktop = await openDesktop()
  // In place of the browser: writes down what it was asked to open.
  const bin = join(desktop.root, 'bin')
  opened = join(desktop.root, 'opened.txt')
  mkdirSync(bin)
  writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$*" >> ${opened}\n`)
  chmodSync(join(bin, 'xdg-open'), 0o755)
  app = await openApp(desktop, { env: { PATH: `${bin}:${process.env.PATH}` } })
  await shown(app)
  await tryBuiltInHost(app)
})

after(async () => {
  await app?.close()
  await desktop?.close()
})

let counter = 0

/** The shell answers, so the window still shows what comes and sends what is typed. */
async function alive() {
  counter += 1
  await command(app, `echo "alive $((${counter} * 1000 + 7))"`, `alive ${counter * 1000 + 7}`, AT_ONCE)
}

const onClipboard = (text) =>
  app.driver.executeAsyncScript(
    (value, done) =>
      window.__TAURI_INTERNALS__.invoke('plugin:clipboard-manager|write_text', { text: value }).then(
        () => done(true),
        (error) => done(String(error)),
      ),
    text,
  )
const clipboard = () =>
  app.driver.executeAsyncScript((done) =>
    window.__TAURI_INTERNALS__.invoke('plugin:clipboard-manager|read_text').then(done, () => done('')),
  )

const title = () => app.run(() => document.querySelector('.dv-active-tab, [role=tab][aria-selected=true]')?.textContent ?? '')

test('the answers of the terminal never have words of the server in them', async () => {
  await app.type(String.raw`printf '\033]0;EVIL\nrm -rf\007\033]2;EVIL title\007\033]1;EVIL icon\007'` + '\n')
  for (const [what, sequence] of [
    ['the title', String.raw`\033[21t`],
    ['the icon name', String.raw`\033[20t`],
    ['ENQ', String.raw`\005`],
    ['a reading of the clipboard', String.raw`\033]52;c;?\007`],
    ['the size of the window', String.raw`\033[14t\033[13t\033[18t\033[19t`],
    ['the title behind the stack', String.raw`\033[22;0t\033[23;0t\033[21t`],
    ['a media copy', String.raw`\033[5i\033[i`],
  ])
    assert.equal(await answerTo(app, sequence, AT_ONCE), '', what)
  for (const [what, sequence] of [
    ['DECRQSS', String.raw`\033P$qEVIL\033\\`],
    ['the version', String.raw`\033[>q\033[c`],
    ['the attributes', String.raw`\033[c\033[>c\033[=c`],
    ['termcap', String.raw`\033P+q4556494c\033\\\033[c`],
    ['a colour', String.raw`\033]10;EVIL\007\033]10;?\007`],
    ['a mode', String.raw`\033[?2147483647$p`],
  ]) {
    const answer = await answerTo(app, sequence, AT_ONCE)
    assert.ok(answer.length > 0, what)
    assert.doesNotMatch(answer, /EVIL|4556494c|[\r\n]/, what)
  }
})

test('a sequence that asks for two milliards of anything is done at once', async () => {
  for (const final of ['@', 'P', 'X', 'I', 'Z', 'L', 'M', 'S', 'T', 'b', 'A', 'C', 'E', 'd', 'G']) {
    await app.type(`printf 'x\\033[2147483647${final}'\n`)
  }
  await app.type('clear\n')
  await alive()
})

test('strings without end and of any length are thrown away', async () => {
  await app.type(`{ printf '\\033]2;'; head -c 12000000 /dev/zero | tr '\\0' x; printf '\\007'; }\n`)
  await alive()
  assert.doesNotMatch(await title(), /xxxx/)
  await app.type(
    `{ printf '\\033]8;;https://'; head -c 12000000 /dev/zero | tr '\\0' x; printf '\\007link\\033]8;;\\007\\n'; }\n`,
  )
  await alive()
  await app.type(`{ printf '\\033P$q'; head -c 12000000 /dev/zero | tr '\\0' x; printf '\\033\\\\'; }; clear\n`)
  await alive()
  await app.type(`printf '\\033_ never ends'\n`)
  await runAction(app, 'Reset the terminal')
  await alive()
})

test('a pile of combining characters stops nothing', async () => {
  await app.type(
    `clear; printf e; for i in $(seq 2000); do printf '\\314\\201\\314\\201\\314\\201\\314\\201\\314\\201'; done; echo\n`,
  )
  await alive()
  await app.type('clear\n')
})

test('a server cannot move, size or minimise the window', async () => {
  const place = () => app.run(() => [window.innerWidth, window.innerHeight, window.screenX, window.screenY, document.hidden])
  const before = await place()
  await app.type(String.raw`printf '\033[8;5;20t\033[4;100;100t\033[3;50;50t\033[2t\033[9;1t\033[10;1t\033[?3h'` + '\n')
  await alive()
  assert.deepEqual(await place(), before)
})

test('the clipboard is written once a person has allowed it, whatever floods in', async () => {
  await onClipboard('of the person')
  await app.type(
    String.raw`clear; for n in $(seq 300); do printf '\033]52;c;%s\007' "$(printf 'evil %s' $n | base64 -w0)"; done` + '\n',
  )
  await app.byRole('group', 'Request for the clipboard')
  await app.untilText('evil 300')
  assert.equal((await app.allByRole('group', 'Request for the clipboard')).length, 1)
  assert.equal(await clipboard(), 'of the person')
  await look(app, 'clipboard-request')
  // The bar has taken no key from the shell.
  await alive()
  await app.click('button', 'Not now')
  await sleep(1100)
  await app.type(String.raw`printf '\033]52;c;%s\007' "$(printf later | base64)"` + '\n')
  await alive()
  assert.equal((await app.allByRole('group', 'Request for the clipboard')).length, 0)
  assert.equal(await clipboard(), 'of the person')
})

test('what is not a text of reasonable size is not even asked about', async () => {
  // Another tab, as this one was told to leave the person in peace.
  await runAction(app, 'New tab on the same host')
  await app.untilTerminal(/[$#] ?$/m)
  await app.type(String.raw`printf '\033]52;c;%s\007' "$(head -c 1500000 /dev/zero | tr '\0' x | base64 -w0)"` + '\n')
  await app.type(
    String.raw`printf '\033]52;c;no base64!\007\033]52;evil;eA==\007\033]52;c;?\007\033]52;c;/w==\007\033]52;c;!\007'` + '\n',
  )
  await alive()
  assert.equal((await app.allByRole('group', 'Request for the clipboard')).length, 0)
  await app.type(String.raw`printf '\033]52;c;%s\007' "$(printf allowed | base64)"` + '\n')
  await app.click('button', 'Allow once')
  await app.until('it is on the clipboard', async () => (await clipboard()) === 'allowed')
})

test('a paste cannot leave its brackets, and asks where there are none', async () => {
  await onClipboard('safe\x1b[201~evil\x1b[31m\x9b31m\x03\x07')
  await app.type(`clear; printf '\\033[?2004h'; stty raw -echo; dd bs=1 count=27 2>/dev/null | od -An -c; stty sane\n`)
  await sleep(500)
  await app.press(Key.CONTROL, Key.SHIFT, 'v')
  const rows = await app.untilTerminal(/2\s+0\s+1\s+~/)
  assert.match(rows.join(' ').replace(/\s+/g, ''), /033\[200~safeevil\[31m31m033\[201~/)
  await app.type(`printf '\\033[?2004l'; cat\n`)
  await onClipboard('echo one\nrm -rf everything\n')
  await sleep(300)
  await app.press(Key.CONTROL, Key.SHIFT, 'v')
  const dialog = await app.byRole('alertdialog')
  assert.match(await dialog.getText(), /rm -rf everything/)
  await app.press(Key.ESCAPE)
  await app.press(Key.CONTROL, 'c')
  await alive()
  assert.doesNotMatch((await app.rows()).join('\n'), /everything/)
})

test('a link opens with the key held only, and only on the web', async () => {
  const links = [
    ['file', 'file:///etc/passwd'],
    ['script', 'javascript:alert(1)'],
    ['login', 'https://user:secret@example.org/'],
    ['web', 'https://example.org/ok'],
  ]
  const line = links.map(([name, url]) => `\\033]8;;${url}\\007LINK-${name}\\033]8;;\\007\\n`).join('')
  await app.type(`clear; printf '${line}'\n`)
  await app.untilTerminal('LINK-web')
  const point = async (name) => {
    const place = await app.run((text) => {
      const spans = [...document.querySelectorAll('.xterm-rows span')].filter((span) => span.textContent.includes(text))
      const box = spans.find((span) => span.textContent.trim() === text)?.getBoundingClientRect()
      return box ? { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) } : null
    }, `LINK-${name}`)
    assert.ok(place, `LINK-${name} is on the screen`)
    return place
  }
  for (const held of [false, true]) {
    for (const [name] of links) {
      const actions = app.driver.actions()
      if (held) actions.keyDown(Key.CONTROL)
      await actions
        .move({ ...(await point(name)), duration: 50 })
        .pause(200)
        .click()
        .perform()
      if (held) await app.driver.actions().keyUp(Key.CONTROL).perform()
    }
    if (!held) assert.equal(existsSync(opened), false, 'a plain click opens nothing')
  }
  await app.until('the link is opened', () => existsSync(opened))
  await sleep(500)
  assert.equal(readFileSync(opened, 'utf8').trim(), 'https://example.org/ok')
})

test('one click puts a terminal back in order', async () => {
  await app.type(
    String.raw`clear; echo kept; printf '\033(0\033[?1000h\033[?25l\033]11;#ff0000\007\033[31;7m\0337\033[3;5r\0338\033[4h'` +
      '\n',
  )
  await sleep(300)
  await look(app, 'disorder')
  await runAction(app, 'Reset the terminal')
  await alive()
  const rows = await app.rows()
  assert.ok(
    rows.some((row) => row === 'kept'),
    rows.join('\n'),
  )
  await look(app, 'reset')
})

test('a hidden tab tells no sizes, and none is below ten by three', async () => {
  await app.type(`trap 'stty size >> ~/sizes' WINCH; rm -f ~/sizes\n`)
  await alive()
  await runAction(app, 'New tab on the same host')
  await app.untilTerminal(/[$#] ?$/m)
  for (const width of [1000, 1100, 800, 1280]) await app.resize(width, 820)
  await command(app, 'echo "told $(cat ~/sizes 2>/dev/null | wc -l) times"', 'told 0 times')
  for (let n = 0; n < 4; n += 1) {
    await runAction(app, 'Split right')
    await app.untilTerminal(/./)
  }
  await app.resize(760, 480)
  await app.until(
    'the size is no smaller than that',
    async () => {
      await app.type('clear; stty size\n')
      await sleep(300)
      const found = /^(\d+) +(\d+)$/m.exec((await app.rows()).join('\n'))
      return found !== null && Number(found[1]) >= 3 && Number(found[2]) >= 10
    },
    async () => (await app.rows()).join('\n'),
  )
})
