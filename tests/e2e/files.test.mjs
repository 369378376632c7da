// The files panel in the real window, on a real server: browse, make, rename, permissions, delete, filter, 100,000 entries.

import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { command, openServer, runAction, shown, useChinese } from './support/window.mjs'

/** In memory: so many files on a disk would take longer than the test. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : '/tmp'
const MANY = 100_000

let desktop, sshd, app, folder

before(async () => {
  folder = mkdtempSync(join(MEMORY, 'bowline-files-'))
  mkdirSync(join(folder, 'releases'))
  mkdirSync(join(folder, 'logs'))
  writeFileSync(join(folder, 'nginx.conf'), 'server {\n  listen 443 ssl;\n}\n')
  writeFileSync(join(folder, '发布说明.md'), '# 发布说明\n')
  writeFileSync(join(folder, 'site-bundle.tar.zst'), Buffer.alloc(1_234_567))
  writeFileSync(join(folder, 'evil\u202etxt.exe'), '')
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]), '')
  writeFileSync(join(folder, '.hidden'), '')
  symlinkSync('releases', join(folder, 'current'))
  mkdirSync(join(folder, 'big'))
  for (let n = 0; n < MANY; n += 1) closeSync(openSync(join(folder, 'big', `file-${n}.log`), 'w'))
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['Subsystem sftp internal-sftp'] })
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

const names = () => app.run(() => [...document.querySelectorAll('.files .row .name .text')].map((one) => one.textContent))
const rowsSaid = () => app.run(() => Number(document.querySelector('.files [role="grid"]')?.getAttribute('aria-rowcount')) - 1)
const untilRows = (n) =>
  app.until(
    `there are ${n} rows`,
    async () => (await rowsSaid()) === n,
    async () => `there are ${await rowsSaid()}: ${await app.text()}`,
  )
const focusList = () => app.run(() => document.querySelector('.files [role="grid"]').focus())

async function goTo(path) {
  await runAction(app, 'Files: go to a path')
  await app.fill('Path', path, { exact: true })
  await app.press(Key.ENTER)
}

test('the panel shows a folder of the server, with names that lie shown as what they are', async () => {
  await goTo(folder)
  await untilRows(9)
  const all = await names()
  assert.deepEqual(all.slice(0, 4), ['big', 'current', 'logs', 'releases'])
  assert.ok(all.includes('caf\\xe9') && all.includes('evil\\u{202e}txt.exe'), all.join())
  await look(app, 'files')
})

test('a folder is made, renamed in place and deleted after a question', async () => {
  await app.click('button', 'New folder')
  await app.fill('Name of the new folder', 'drafts')
  await app.press(Key.ENTER)
  await untilRows(10)
  assert.ok(existsSync(join(folder, 'drafts')))
  await focusList()
  await app.press(Key.F2)
  await app.fill('New name of drafts', 'papers')
  await app.press(Key.ENTER)
  await app.until('it is renamed there', () => existsSync(join(folder, 'papers')))
  writeFileSync(join(folder, 'papers', 'inside'), '')
  await app.until('the list has it', async () => (await names()).includes('papers'))
  await focusList()
  await app.press(Key.DELETE)
  await app.byRole('alertdialog', 'Delete papers?')
  await look(app, 'files-delete')
  await app.click('button', 'Delete', { exact: true })
  await untilRows(9)
  assert.ok(!existsSync(join(folder, 'papers')))
})

test('permissions are changed on the server', async () => {
  await app.contextClick('row', 'nginx.conf')
  await app.click('menuitem', 'Permissions')
  await app.click('checkbox', 'Others: Read')
  await look(app, 'files-permissions')
  await app.click('button', 'Change', { exact: true })
  await app.until('the server has it', () => (statSync(join(folder, 'nginx.conf')).mode & 0o777) === 0o640)
})

test('a preview shows what is in a file, and properties how much room there is', async () => {
  await app.doubleClick('row', 'nginx.conf')
  await app.untilText('listen 443 ssl;')
  await look(app, 'files-preview')
  await app.click('button', 'Close the preview')
  await app.contextClick('row', 'site-bundle')
  await app.click('menuitem', 'Properties')
  await app.untilText(/free of/)
  await look(app, 'files-properties')
  await app.press(Key.ESCAPE)
  await app.until('the dialog is closed', async () => (await app.allByRole('dialog')).length === 0)
})

test('hidden files are shown when they are wanted, and a filter leaves what fits', async () => {
  await runAction(app, 'Files: show or hide hidden files')
  await untilRows(10)
  await app.fill('Filter', 'conf')
  await untilRows(1)
  await app.press(Key.ESCAPE)
  await untilRows(10)
})

test('a copy between folders goes through the queue, and is shown when it is there', async () => {
  await app.click('row', 'nginx.conf')
  await app.press(Key.CONTROL, 'c')
  await app.doubleClick('row', 'logs')
  await untilRows(0)
  await focusList()
  await app.press(Key.CONTROL, 'v')
  await app.until('it is there on the server', () => existsSync(join(folder, 'logs', 'nginx.conf')))
  await untilRows(1)
  assert.deepEqual(readdirSync(join(folder, 'logs')), ['nginx.conf'])
  await goTo(folder)
  await untilRows(10)
})

test('the panel goes with the terminal when it is told to', async () => {
  await app.click('button', "Follow the terminal's directory")
  await command(app, String.raw`printf '\033]7;file://%s\033\\' ${folder}/releases; echo "moved $((6 * 7))"`, 'moved 42')
  await untilRows(0)
  await app.untilText('This folder is empty.')
  await look(app, 'files-empty')
  await app.click('button', "Follow the terminal's directory")
})

test('a folder of 100,000 files is there within seconds and scrolls to its end', async (t) => {
  const began = Date.now()
  await goTo(join(folder, 'big'))
  await app.until('the first rows are there', async () => (await rowsSaid()) > 0)
  const first = Date.now() - began
  await untilRows(MANY)
  t.diagnostic(`first rows after ${first} ms, all ${MANY} after ${Date.now() - began} ms (the palette included)`)
  const longest = await app.driver.executeAsyncScript((done) => {
    const list = document.querySelector('.files [role="grid"]')
    const gaps = []
    let last = performance.now()
    let step = 0
    const frame = () => {
      const now = performance.now()
      gaps.push(now - last)
      last = now
      step += 1
      list.scrollTop += 300
      if (step < 120) requestAnimationFrame(frame)
      else done({ longest: Math.max(...gaps.slice(1)), mean: gaps.reduce((sum, gap) => sum + gap) / gaps.length })
    }
    requestAnimationFrame(frame)
  })
  t.diagnostic(`frames while scrolling: mean ${longest.mean.toFixed(1)} ms, longest ${longest.longest.toFixed(0)} ms`)
  await focusList()
  await app.press(Key.END)
  await app.until('the last one is in view', async () => (await names()).includes('file-99999.log'))
  assert.ok((await names()).length < 100)
  await look(app, 'files-many')
})

test('the head of a column puts the rows in order', async () => {
  await goTo(folder)
  await untilRows(10)
  await app.click('button', 'Size', { exact: true })
  await app.until('the largest file is first', async () => (await names())[4] === 'site-bundle.tar.zst')
  await look(app, 'files-sorted')
})

test('in Chinese', async () => {
  await useChinese(app)
  await app.untilText('修改时间')
  await look(app, 'files-zh')
})
