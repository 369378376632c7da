// Files of a host that are dragged out of the real window by the X server's own mouse, into another program.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { dragTo, letGo, mouseOf, openDropTarget } from './support/drag.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown } from './support/window.mjs'

/** What the window waits for at most once files were let go, and some. */
const SLOW_BYTES = 12 * 1024 * 1024
const SLOW_RATE_KIB = 1024
/** A program gives up on its own when a drop takes so long; ours waits for less. */
const DROP_MS = 20_000

let desktop, sshd, app, folder, target

before(async () => {
  folder = mkdtempSync('/tmp/bowline-drag-out-')
  mkdirSync(join(folder, 'site'))
  writeFileSync(join(folder, 'site', 'index.html'), '<p>hello')
  writeFileSync(join(folder, 'a letter.txt'), 'from the host\n')
  writeFileSync(join(folder, 'slow.bin'), randomBytes(SLOW_BYTES))
  writeFileSync(join(folder, 'index of all.txt'), 'all\n')
  writeFileSync(join(folder, 'waited for.bin'), randomBytes(SLOW_BYTES))
  writeFileSync(join(folder, 'large.bin'), '')
  truncateSync(join(folder, 'large.bin'), 65 * 1024 * 1024)
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
  target = await openDropTarget(desktop)
})

after(async () => {
  await target?.close()
  await app?.close()
  await sshd?.close()
  await desktop?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

async function rowOnScreen(name) {
  const place = await app.run((wanted) => {
    const row = [...document.querySelectorAll('[role="grid"] .row')].find((one) => one.textContent.includes(wanted))
    const box = row.getBoundingClientRect()
    return [window.screenX + box.left + 60, window.screenY + box.top + box.height / 2]
  }, name)
  return place.map(Math.round)
}

/** How many transfers the tray knows. */
const jobs = () =>
  app.run(async () => (await window.__TAURI_INTERNALS__.invoke('jobs')).jobs.map(({ state }) => state.state ?? state))

async function gotAfter(before) {
  await app.until('the other program has it', () => target.got().length > before)
  return fileURLToPath(target.got().at(-1))
}

test('a file of a host is dragged into another program, which finds it here', async () => {
  await dragTo(desktop, await rowOnScreen('a letter.txt'), target.middle)
  await app.screenshot('drag-out')
  letGo(desktop)
  const path = await gotAfter(0)
  assert.match(path, /a letter\.txt$/)
  assert.equal(readFileSync(path, 'utf8'), 'from the host\n')
})

test('a folder comes whole', async () => {
  const before = target.got().length
  await dragTo(desktop, await rowOnScreen('site'), target.middle)
  letGo(desktop)
  assert.equal(readFileSync(join(await gotAfter(before), 'index.html'), 'utf8'), '<p>hello')
})

test('a drag that stays in the window fetches nothing', async () => {
  const before = (await jobs()).length
  await dragTo(desktop, await rowOnScreen('a letter.txt'), await rowOnScreen('large.bin'))
  mouseOf(desktop)('key', 'Escape')
  letGo(desktop)
  await app.until('the drag is over', async () => (await app.text()).includes('a letter.txt'))
  assert.equal((await jobs()).length, before)
})

test('a field of the window takes no text from it', async () => {
  const field = await app.run(() => {
    const box = document.querySelector('.files input').getBoundingClientRect()
    return [window.screenX + box.x + box.width / 2, window.screenY + box.y + box.height / 2].map(Math.round)
  })
  await dragTo(desktop, await rowOnScreen('a letter.txt'), field)
  letGo(desktop)
  await dragTo(desktop, await rowOnScreen('a letter.txt'), await rowOnScreen('large.bin'))
  letGo(desktop)
  assert.equal(await app.run(() => document.querySelector('.files input').value), '')
})

test('what is too large is refused while it is dragged, with the way to get it', async () => {
  const before = target.got().length
  await dragTo(desktop, await rowOnScreen('large.bin'), target.middle)
  await app.untilText('64 MiB')
  await app.untilText('Download to')
  await app.screenshot('drag-out-refused')
  letGo(desktop)
  await app.run(() => undefined)
  assert.equal(target.got().length, before)
})

test('what comes too late for the drop is there for the next one', async () => {
  const limits = await app.run(() => window.__TAURI_INTERNALS__.invoke('job_limits'))
  const limited = { ...limits, rateKib: SLOW_RATE_KIB }
  await app.run((given) => window.__TAURI_INTERNALS__.invoke('job_limits_set', { limits: given }), limited)
  const before = target.got().length
  await dragTo(desktop, await rowOnScreen('slow.bin'), target.middle)
  letGo(desktop)
  await app.untilText('drag them once more', { timeout: 60_000 })
  await app.screenshot('drag-out-late')
  assert.equal(target.got().length, before)
  const count = (await jobs()).length
  await dragTo(desktop, await rowOnScreen('slow.bin'), target.middle)
  letGo(desktop)
  const path = await gotAfter(before)
  assert.ok(readFileSync(path).equals(readFileSync(join(folder, 'slow.bin'))))
  assert.equal((await jobs()).length, count)
})

test('other files are dragged while a program still waits for the first, which come all the same', async () => {
  const before = target.got().length
  await app.until('the word of before is gone', async () => !(await app.text()).includes('drag them once more'))
  await dragTo(desktop, await rowOnScreen('waited for.bin'), target.middle)
  letGo(desktop)
  await dragTo(desktop, await rowOnScreen('index of all.txt'), target.middle)
  letGo(desktop)
  await app.untilText('drag them once more', { patience: 60_000 })
  await app.until(
    'the second is there',
    () => target.got().length > before,
    () => target.got().join('\n'),
    { patience: DROP_MS },
  )
  assert.match(fileURLToPath(target.got().at(-1)), /index of all\.txt$/)
})
