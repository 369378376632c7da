// Two panes of files in the real window, on a real server: copied by key and by drag, deleted to the trash, seen as root.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { dragTo, letGo, openDropTarget } from './support/drag.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown, useChinese } from './support/window.mjs'

let desktop, sshd, app, folder

before(async () => {
  folder = mkdtempSync('/tmp/bowline-panes-')
  for (const one of ['here', 'there', 'bin']) mkdirSync(join(folder, one))
  writeFileSync(join(folder, 'here', 'letter.txt'), 'from here\n')
  writeFileSync(join(folder, 'here', 'old.txt'), 'thrown away\n')
  writeFileSync(join(folder, 'there', 'server.conf'), 'listen 443\n')
  mkdirSync(join(folder, 'there', 'inbox'))
  // A sudo that wants a password, as strict as the real one about what it is called with.
  writeFileSync(
    join(folder, 'bin', 'sudo'),
    `#!/bin/sh
echo "$@" >> ${folder}/sudo.log
case "$1" in
-n) echo 'sudo: a password is required' >&2; exit 1 ;;
-k|-S) IFS= read -r typed; [ "$typed" = 'open sesame' ] || { echo 'Sorry, try again.' >&2; exit 1; } ;;
esac
[ "$1" = -k ] && exit
for server; do :; done
exec "$server"
`,
  )
  chmodSync(join(folder, 'bin', 'sudo'), 0o755)
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['Subsystem sftp internal-sftp', `SetEnv PATH=${folder}/bin:/usr/bin:/bin HOME=${folder}`] })
  app = await openApp(desktop)
  await shown(app)
  await openServer(app, sshd, 'web-01')
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const names = (side) =>
  app.run(
    (n) =>
      [...(document.querySelectorAll('.two-panes .side[aria-label]')[n]?.querySelectorAll('.row .name .text') ?? [])].map(
        (one) => one.textContent,
      ),
    side,
  )
const untilNamed = (side, name) =>
  app.until(
    `${name} is on side ${side}`,
    async () => (await names(side)).includes(name),
    async () => `there are ${(await names(side)).join()}: ${await app.text()}`,
  )
const focusList = (side) => app.run((n) => document.querySelectorAll('.two-panes [role="grid"]')[n].focus(), side)

async function goTo(side, path) {
  await focusList(side)
  await runAction(app, 'Files: go to a path')
  await app.fill('Path', path, { exact: true })
  await app.press(Key.ENTER)
}

test('a tab has this computer on one side and the host on the other', async () => {
  await runAction(app, 'Files: open in two panes')
  await app.until('two lists', () => app.run(() => document.querySelectorAll('.two-panes [role="grid"]').length === 2))
  await goTo(0, join(folder, 'here'))
  await untilNamed(0, 'letter.txt')
  await goTo(1, join(folder, 'there'))
  await untilNamed(1, 'server.conf')
  await look(app, 'panes')
})

test('a key copies to the other side, and Tab goes there', async () => {
  await focusList(0)
  await app.press(Key.HOME)
  await app.press(Key.F5)
  await app.until('the letter is there', () => existsSync(join(folder, 'there', 'letter.txt')))
  assert.equal(readFileSync(join(folder, 'there', 'letter.txt'), 'utf8'), 'from here\n')
  await untilNamed(1, 'letter.txt')
  await app.press(Key.TAB)
  await app.until('the right list has the keyboard', () =>
    app.run(() => document.activeElement === document.querySelectorAll('.two-panes [role="grid"]')[1]),
  )
})

/** The beginning of a row, on the screen. */
async function rowOnScreen(side, name) {
  const place = await app.run(
    ([n, wanted]) => {
      const list = document.querySelectorAll('.two-panes [role="grid"]')[n]
      const box = [...list.querySelectorAll('.row')].find((row) => row.textContent.includes(wanted)).getBoundingClientRect()
      return [window.screenX + box.left + 60, window.screenY + box.top + box.height / 2]
    },
    [side, name],
  )
  return place.map(Math.round)
}

test('what is dragged across is copied into the folder under it, once', async () => {
  await dragTo(desktop, await rowOnScreen(0, 'letter.txt'), await rowOnScreen(1, 'inbox'))
  letGo(desktop)
  await app.until('the letter is in the inbox', () => existsSync(join(folder, 'there', 'inbox', 'letter.txt')))
  const jobs = () => app.run(() => document.querySelectorAll('[data-job]').length)
  await app.until('its transfer is told of', async () => (await jobs()) >= 2)
  assert.equal(await jobs(), 2)
})

test('a file of this computer is dragged out of the window to another program', async () => {
  const target = await openDropTarget(desktop)
  try {
    await dragTo(desktop, await rowOnScreen(0, 'letter.txt'), target.middle)
    letGo(desktop)
    await app.until('the other program has it', () => target.got().length > 0)
    assert.deepEqual(target.got(), [`file://${join(folder, 'here', 'letter.txt')}`])
  } finally {
    await target.close()
  }
})

test('a file of this computer goes to its trash', async () => {
  await focusList(0)
  await app.press(Key.END)
  await app.press(Key.DELETE)
  await app.byRole('alertdialog', 'Delete old.txt?')
  await app.click('checkbox', 'Move to the trash of this computer instead')
  await look(app, 'panes-trash')
  await app.click('button', 'Move to trash')
  await app.until('it is gone', () => !existsSync(join(folder, 'here', 'old.txt')))
})

test('root sees what the account may not, after a password, in a frame that says so', async () => {
  await focusList(1)
  await app.run(() => {
    const right = document.querySelectorAll('.two-panes .side[aria-label]')[1]
    right.querySelector('button[aria-label="Open as root (sudo)"]').click()
  })
  await app.untilText('sudo wants the password of')
  await look(app, 'panes-sudo')
  await app.fill('Password', 'open sesame', { exact: true })
  await app.click('button', 'Open as root')
  await app.untilText('As root on web-01')
  await untilNamed(1, 'server.conf')
  const log = readFileSync(join(folder, 'sudo.log'), 'utf8')
  assert.match(log, /^-S -p {2}-- \/.*sftp-server$/m)
  assert.ok(!log.includes('sesame'))
  await look(app, 'panes-root')
})

test('a reload of the page keeps both sides, without the rights of root', async () => {
  await app.run(() => window.location.reload())
  await shown(app)
  await untilNamed(0, 'letter.txt')
  await untilNamed(1, 'server.conf')
  assert.ok(!(await app.text()).includes('As root on web-01'))
})

test('in Chinese too', async () => {
  await useChinese(app)
  await look(app, 'panes-zh')
  assert.ok(readdirSync(join(folder, 'here')).includes('letter.txt'))
})
