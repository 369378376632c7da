// Shell integration: a host whose bash is taught to say where commands begin and end, in the real window.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start, end } from '../../scripts/processes.mjs'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, runAction, shown, useChinese } from './support/window.mjs'

let desktop, sshd, app

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd()
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
})

/** The names of the marks that are shown, from top to bottom. */
const marks = () =>
  app.run(() => {
    const all = [...document.querySelectorAll('.command-mark')].filter((it) => it.getClientRects().length > 0)
    const sorted = all.sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
    return sorted.map((it) => it.getAttribute('aria-label'))
  })

async function untilMarks(wanted, options) {
  let found = []
  await app.until(
    `the marks are ${JSON.stringify(wanted)}`,
    async () => {
      found = await marks()
      return JSON.stringify(found) === JSON.stringify(wanted)
    },
    async () => `they are ${JSON.stringify(found)}; the terminal shows:\n${(await app.rows()).join('\n').trimEnd()}`,
    options,
  )
}

const current = () => app.run(() => document.querySelector('.command-mark.current')?.getAttribute('aria-label') ?? null)
const menuName = () => app.run(() => document.querySelector('[role=menu]')?.getAttribute('aria-label') ?? null)

test('a host with integration on shows its first prompt only, and then a mark for each command', async () => {
  const { port, user, clientKey } = sshd
  await addHost(app, { address: '127.0.0.1', port, user, name: 'web', keyFile: clientKey })
  await app.click('button', 'Advanced')
  await app.run((it) => it.click(), await app.byLabel('Mark commands in the terminal'))
  await app.run((it) => it.scrollIntoView({ block: 'center' }), await app.byLabel('Mark commands in the terminal'))
  await look(app, 'marks-form')
  await app.click('button', 'Save and open', { exact: true })
  await app.click('button', 'Always trust', { exact: true })
  // The directory in the tab tells that the shell has been taught.
  await app.byRole('tab', 'web /root')
  const first = (await app.rows()).join('\n').trim()
  assert.match(first, /^\S*[$#]$/m)
  for (const ours of ['printf', 'owline=', '133', 'PROMPT_COMMAND'])
    assert.ok(!first.includes(ours), `${ours} is seen:\n${first}`)
  await app.type('true\n')
  await app.type('false\n')
  await app.type('sleep 1; echo "slept $((6 * 7))"; seq 1 3\n')
  await app.untilTerminal('slept 42')
  await untilMarks(['true: ended well', 'false: failed with status 1', 'sleep 1; echo "slept $((6 * 7))"; seq 1 3: ended well'])
  await look(app, 'marks')
})

test('a running command has a hollow mark, and Ctrl-C a failed one', async () => {
  await app.type('sleep 60\n')
  const before = await marks()
  await app.until('it runs', async () => (await marks()).at(-1) === 'sleep 60: running')
  await look(app, 'marks-running')
  await app.press(Key.CONTROL, 'c')
  await app.until('it has failed', async () => (await marks()).at(-1) === 'sleep 60: failed with status 130')
  assert.ok(before.length >= 3)
})

test('keys go from command to command, open the menu and copy an output', async () => {
  for (let step = 0; step < 2; step += 1) await app.press(Key.CONTROL, Key.SHIFT, Key.ARROW_UP)
  await app.until('the command before is meant', async () => /^sleep 1/.test((await current()) ?? ''), current)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'k')
  await app.until('its menu is open', async () => /^sleep 1/.test((await menuName()) ?? ''), menuName)
  await look(app, 'marks-menu')
  // The second entry.
  await app.press(Key.ARROW_DOWN)
  await app.until('"Copy its output" is chosen', async () => {
    if ((await app.run(() => document.activeElement?.innerText)) === 'Copy its output') return true
    await app.press(Key.ARROW_DOWN)
    return false
  })
  await app.press(Key.ENTER)
  await app.until('the menu is closed', async () => (await menuName()) === null)
  await app.type('cat\n')
  await app.until('cat runs', async () => (await marks()).at(-1) === 'cat: running')
  await app.press(Key.CONTROL, Key.SHIFT, 'v')
  // What has several lines is asked about.
  await app.click('button', 'Paste', { exact: true })
  await app.untilTerminal(/^slept 42\n1\n2\n3$/m)
  await app.press(Key.CONTROL, 'c')
  await app.until('cat has ended', async () => /130/.test((await marks()).at(-1) ?? ''))
})

test('a command is typed again by its menu, and runs when Enter is pressed', async () => {
  await app.click('button', 'false: failed with status 1', { exact: true })
  await app.click('menuitem', 'Type it again')
  await app.untilTerminal(/[$#] false$/m)
  await app.type('\n')
  await app.until('it ran', async () => (await marks()).at(-1) === 'false: failed with status 1')
})

test('the output of the last command is selected and copied by key', async () => {
  await app.type('seq 11 13\n')
  await app.until('it ended', async () => (await marks()).at(-1) === 'seq 11 13: ended well')
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'e')
  await app.until('it is selected', () => app.run(() => document.querySelectorAll('.xterm-selection > div').length > 0))
  await look(app, 'marks-selected')
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'c')
  await app.type('cat\n')
  await app.until('cat runs', async () => (await marks()).at(-1) === 'cat: running')
  await app.press(Key.CONTROL, Key.SHIFT, 'v')
  await app.click('button', 'Paste', { exact: true })
  await app.untilTerminal(/[$#] cat\n11\n12\n13/m)
  await app.press(Key.CONTROL, 'c')
})

test('the history of the shell has what was typed and nothing else', async () => {
  await app.type('clear\n')
  await app.type('history | tail -30; echo "that is $((6 * 7))"\n')
  await app.untilTerminal('that is 42')
  const rows = (await app.rows()).join('\n')
  assert.match(rows, /sleep 60/)
  assert.doesNotMatch(rows, /owline/)
})

test('the tab shows the directory, shortened, with the whole path as its hint', async () => {
  await app.type('mkdir -p ~/deep/er/still; cd ~/deep/er/still\n')
  await app.byRole('tab', '…/er/still')
  const hint = await app.run(() => [...document.querySelectorAll('.head')].map((it) => it.title).join('\n'))
  assert.match(hint, /\/deep\/er\/still/)
  await look(app, 'marks-directory')
})

test('a line that was long running ends with a notification while another tab is looked at', async () => {
  const heard = start('dbus-monitor', ['--session', "interface='org.freedesktop.Notifications',member='Notify'"], {
    env: desktop.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let calls = ''
  heard.stdout.on('data', (chunk) => (calls += chunk))
  try {
    await app.press(Key.CONTROL, ',')
    await app.byLabel('Tell me when a long command ends unseen')
    await app.choose('Tell me when a long command ends unseen', '10')
    await look(app, 'marks-settings')
    await app.press(Key.ESCAPE)
    await app.until('the settings are closed', async () => (await app.allByRole('dialog')).length === 0)
    await app.type('sleep 11; (exit 7)\n')
    await app.press(Key.CONTROL, Key.SHIFT, 't')
    await app.until('there are two tabs', async () => (await app.allByRole('tab')).length === 2)
    await app.until(
      'the desktop is told',
      () => /A command on web has ended/.test(calls) && /failed with status 7/.test(calls),
      () => calls,
      {
        patience: 30_000,
      },
    )
    assert.match(calls, /sleep 11; \(exit 7\)/)
  } finally {
    await end(heard)
  }
})

test('a shell that comes after a reset of the terminal, and one in another tab, are marked too', async () => {
  await app.type('true\n')
  await untilMarks(['true: ended well'])
  await runAction(app, 'Reset the terminal')
  // The prompt has gone, and with it the place of what is typed at it.
  await app.type('true\n')
  await app.type('false\n')
  await app.until('it is marked', async () => (await marks()).at(-1) === 'false: failed with status 1')
})

test('in Chinese', async () => {
  await useChinese(app)
  await app.type('true\n')
  await app.until(
    'the mark is called so',
    async () => (await marks()).at(-1) === 'true：成功结束',
    async () => JSON.stringify(await marks()),
  )
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'k')
  await app.until('its menu is open', async () => /^true：成功结束/.test((await menuName()) ?? ''), menuName)
  await look(app, 'marks-menu-chinese')
  await app.press(Key.ESCAPE)
})
