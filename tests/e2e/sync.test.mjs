// A folder of this computer synced to a real server from the real window: preview, run, deletion, watch.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, runAction, shown, useChinese } from './support/window.mjs'

let desktop, sshd, app, from, to

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['Subsystem sftp internal-sftp'] })
  from = join(desktop.home, 'site')
  to = join(sshd.folder, 'www')
  for (const folder of [join(from, 'assets'), join(to, 'old')]) mkdirSync(folder, { recursive: true })
  for (const name of ['index.html', '发布说明.md', 'assets/logo.svg', 'assets/site.css', 'debug.log'])
    writeFileSync(join(from, name), `${name}\n`.repeat(50))
  for (const name of ['index.html', 'assets.txt', 'old/page.html']) writeFileSync(join(to, name), 'old\n')
  utimesSync(join(to, 'index.html'), 1_000_000_000, 1_000_000_000)
  app = await openApp(desktop)
  await shown(app)
  await addHost(app, { address: '127.0.0.1', port: sshd.port, user: sshd.user, name: 'web-01', keyFile: sshd.clientKey })
  await app.click('button', 'Save and open')
  await app.click('button', 'Always trust')
  await app.untilTerminal(/[$#] ?$/m)
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
})

const names = (folder) => readdirSync(folder, { recursive: true }).map(String).sort()

/** Types into the field of that name, whatever element it is. */
const type = (label, text) =>
  app.run(
    (wanted, value) => {
      const field = [...document.querySelectorAll('[role="dialog"] :is(input, textarea, select)')].find(
        (it) => it.getAttribute('aria-label') === wanted || it.labels?.[0]?.textContent.includes(wanted),
      )
      field.value = value
      field.dispatchEvent(new window.Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }))
    },
    label,
    text,
  )

async function openSync() {
  await runAction(app, 'Sync a folder')
  await app.untilText('Makes the target like the source')
  await type('Source: folder', from)
  await type('Target: folder', to)
}

test('a preview says what would be done and changes nothing, and then it is done', async () => {
  await openSync()
  await app.click('checkbox', 'Delete from the target what the source does not have')
  await type('Leave out', '*.log')
  await look(app, 'sync-form')
  await app.click('button', 'Preview')
  await app.untilText('Yes, delete 3 things')
  await app.untilText('assets/logo.svg')
  assert.deepEqual(names(to), ['assets.txt', 'index.html', 'old', 'old/page.html'])
  await look(app, 'sync-preview')
  await app.run(() => document.querySelector('[role="dialog"] .deletes input').click())
  await look(app, 'sync-agreed')
  await app.click('button', 'Sync', { exact: true })
  await app.untilText('Sync of site')
  await app.until(
    'both are the same',
    () => JSON.stringify(names(to)) === JSON.stringify(names(from).filter((one) => !one.endsWith('.log'))),
    () => names(to).join(),
  )
  assert.equal(readFileSync(join(to, 'index.html'), 'utf8'), readFileSync(join(from, 'index.html'), 'utf8'))
})

test('it goes on as a row in the tray, and ends when it is stopped', async () => {
  await openSync()
  await app.click('checkbox', 'Go on: copy what changes in the source later')
  await app.click('button', 'Preview')
  await app.untilText('1 new file')
  await app.click('button', 'Sync and go on')
  await app.untilText('watching for changes')
  await look(app, 'sync-watching')
  writeFileSync(join(from, 'assets/new.css'), 'a {}\n')
  await app.until('what is new is there', () => existsSync(join(to, 'assets/new.css')))
  rmSync(join(from, 'debug.log'))
  await app.run(() => document.querySelector('.tray .job.watching [aria-label^="Cancel"]').click())
  await app.untilText('cancelled')
  assert.ok(existsSync(join(to, 'debug.log')), 'nothing is deleted unless that was asked for')
})

test('it is shown in Chinese and in the other theme', async () => {
  await useChinese(app)
  await app.press(Key.CONTROL, Key.SHIFT, Key.F5)
  await app.untilText('使目标与来源一致')
  await look(app, 'sync-chinese')
})
