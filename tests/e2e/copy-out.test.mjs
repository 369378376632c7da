// Files of a host for other programs: fetched, and on the clipboard of the desktop.

import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown } from './support/window.mjs'

let desktop, sshd, app, folder, clipboard

before(async () => {
  folder = mkdtempSync('/tmp/bowline-copy-out-')
  mkdirSync(join(folder, 'site'))
  writeFileSync(join(folder, 'site', 'index.html'), '<p>hello')
  writeFileSync(join(folder, 'a letter.txt'), 'from the host\n')
  writeFileSync(join(folder, 'large.bin'), '')
  truncateSync(join(folder, 'large.bin'), 65 * 1024 * 1024)
  const tools = join(import.meta.dirname, '../../target/tools')
  mkdirSync(tools, { recursive: true })
  clipboard = join(tools, 'clipboard-files')
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'gtk+-3.0'], { encoding: 'utf8' }).trim().split(/\s+/)
  execFileSync('cc', ['-w', '-o', clipboard, join(import.meta.dirname, 'support/clipboard-files.c'), ...flags])
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['Subsystem sftp internal-sftp'] })
  app = await openApp(desktop)
  await shown(app)
  await openServer(app, sshd, 'web-01')
  await runAction(app, 'Files of the host')
  await runAction(app, 'Files: go to a path')
  await app.fill('Path', folder, { exact: true })
  await app.press(Key.ENTER)
  await app.byRole('row', 'a letter.txt')
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** What another program would paste. */
async function pasted() {
  const { stdout } = await promisify(execFile)(clipboard, [], { env: desktop.env, timeout: 10_000 })
  return stdout.split('\n').filter(Boolean)
}

test('a file and a folder can be pasted in another program', async () => {
  await app.click('row', 'a letter.txt')
  await app.contextClick('row', 'a letter.txt')
  await app.byRole('menuitem', 'Copy for pasting elsewhere')
  await app.screenshot('copy-out-menu')
  await app.click('menuitem', 'Copy for pasting elsewhere')
  await app.untilText('One item can be pasted in other programs.')
  const [uri, ...others] = await pasted()
  assert.deepEqual(others, [])
  const path = fileURLToPath(uri)
  assert.equal(readFileSync(path, 'utf8'), 'from the host\n')
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
  await app.click('row', 'site')
  await runAction(app, 'Files: copy for pasting elsewhere')
  await app.until('the folder is on the clipboard', async () => (await pasted())[0]?.endsWith('/site'))
  assert.equal(readFileSync(join(fileURLToPath((await pasted())[0]), 'index.html'), 'utf8'), '<p>hello')
  await app.screenshot('copy-out')
})

test('what is too large is refused with the way to get it', async () => {
  const before = await pasted()
  await app.click('row', 'large.bin')
  await runAction(app, 'Files: copy for pasting elsewhere')
  await app.untilText('64 MiB')
  await app.untilText('Download to')
  await app.screenshot('copy-out-refused')
  assert.deepEqual(await pasted(), before)
})
