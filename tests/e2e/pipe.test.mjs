// Pipes between two real servers in the real window: written down, run, looked at, stopped, cut off, and kept.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown, useChinese } from './support/window.mjs'

let desktop, web, db, app, folder

before(async () => {
  folder = mkdtempSync('/tmp/bowline-pipe-')
  desktop = await openDesktop()
  web = await openSshd()
  db = await openSshd()
  app = await openApp(desktop)
  await shown(app)
  await openServer(app, web, 'web-01')
  await openServer(app, db, 'db-02')
})

after(async () => {
  await app?.close()
  await web?.close()
  await db?.close()
  await desktop?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

async function write(n, host, line) {
  await app.fill(`Host of Command ${n}`, host, { exact: true })
  await app.fill(`Line of Command ${n}`, line, { exact: true })
}

const closeTab = async () => {
  // One that runs asks before it is closed.
  await app.until('it is over', async () => (await app.allByRole('button', 'Stop')).length === 0)
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.until('the tab is closed', () => app.run(() => document.querySelector('section.pipe') === null))
}

test('64 MiB go from one host to the other, into a file on the way and one at the end', async () => {
  const bytes = randomBytes(64 * 1024 * 1024)
  writeFileSync(join(folder, 'from'), bytes)
  await runAction(app, 'Pipe between hosts')
  await write(1, 'web-01', `cat ${folder}/from; echo read all >&2`)
  await write(2, 'db-02', 'cat')
  await app.click('button', 'End with a file')
  await app.fill('Path of the file at the end', join(folder, 'to'), { exact: true })
  await look(app, 'pipe-form')
  await app.press(Key.CONTROL, Key.ENTER)
  await app.untilText('All went well.', { patience: 60_000 })
  const sum = (path) => createHash('sha256').update(readFileSync(path)).digest('hex')
  assert.equal(sum(join(folder, 'to')), sum(join(folder, 'from')))
  await app.untilText('web-01 ended with 0.')
  await app.untilText('read all')
  await look(app, 'pipe-done')
  await closeTab()
})

test('one that runs shows what goes through it, and Stop ends its programs', async () => {
  await runAction(app, 'Pipe between hosts')
  await write(1, 'web-01', 'yes | head -c 40000000; sleep 611')
  await write(2, 'db-02', 'cat')
  await app.press(Key.CONTROL, Key.ENTER)
  await app.untilText('40 MB', { patience: 30_000 })
  await look(app, 'pipe-runs')
  await app.click('button', 'Stop')
  await app.untilText('It was stopped.', { patience: 20_000 })
  await app.untilText('web-01 was stopped.')
  await closeTab()
})

test('a stage that is cut off is told as unknown', async () => {
  await runAction(app, 'Pipe between hosts')
  await write(1, 'web-01', 'yes')
  // It kills the server's process of its own session: a connection that ends without a word.
  await write(2, 'db-02', 'head -c 3000000 > /dev/null; kill -9 $PPID; sleep 2')
  await app.press(Key.CONTROL, Key.ENTER)
  await app.untilText('db-02 was cut off: outcome unknown.', { patience: 60_000 })
  await look(app, 'pipe-cut')
  await closeTab()
})

test('one is kept under a name, and opened filled in', async () => {
  await runAction(app, 'Pipe between hosts')
  await write(1, 'web-01', 'seq 1 100')
  await write(2, 'db-02', 'wc -l')
  await app.run(() => document.querySelector('.pipe details.keep').setAttribute('open', ''))
  await app.fill('Name', 'Count', { exact: true })
  await app.click('button', 'Save', { exact: true })
  await app.untilText('It is kept as Count')
  await closeTab()
  await runAction(app, 'Open the pipe Count')
  await app.press(Key.CONTROL, Key.ENTER)
  await app.untilText('All went well.', { patience: 30_000 })
  await app.untilText('100')
  await look(app, 'pipe-output')
  assert.ok(!existsSync(join(folder, 'to.bowline-part')))
})

test('in Chinese too', async () => {
  await useChinese(app)
  await look(app, 'pipe-zh')
})
