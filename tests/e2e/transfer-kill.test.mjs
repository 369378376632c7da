// The transfer queue in the real window when the app is killed in the middle: the next start shows it and finishes it.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openApp } from './support/app.mjs'
import { killApp } from './support/app-process.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown } from './support/window.mjs'

const LARGE_BYTES = 24_000_000

let desktop, sshd, app, folder, host

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bowline-kill-'))
  for (const name of ['here', 'there', 'arrived']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'here/backup.tar'), randomBytes(LARGE_BYTES))
  mkdirSync(join(folder, 'here/site/pages'), { recursive: true })
  for (let n = 0; n < 200; n += 1) writeFileSync(join(folder, `here/site/pages/${n}.html`), randomBytes(n * 50))
  writeFileSync(join(folder, 'there/log.gz'), randomBytes(2_000_000))
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['Subsystem sftp internal-sftp'] })
  app = await openApp(desktop)
  await shown(app)
  await openServer(app, sshd, 'web-01')
  host = await app.run(
    async () => (await window.__TAURI_INTERNALS__.invoke('hosts')).hosts.find(({ label }) => label === 'web-01').id,
  )
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const invoke = (name, args) => app.run((one, other) => window.__TAURI_INTERNALS__.invoke(one, other), name, args)
const jobs = async () => (await invoke('jobs', {})).jobs
const limit = (rateKib) => invoke('job_limits_set', { limits: { jobs: 1, jobsPerHost: 1, rateKib } })
const here = (path) => ({ at: 'here', path: join(folder, path) })
const there = (path) => ({ at: 'host', hostId: host, path: join(folder, path) })
const add = (from, to) => invoke('job_add', { request: { sources: [from], target: to, onConflict: 'overwrite' } })
const hash = (path) =>
  createHash('sha256')
    .update(readFileSync(join(folder, path)))
    .digest('hex')
const rows = () =>
  app.run(() => [...document.querySelectorAll('[data-job]')].map((row) => row.querySelector('.name').textContent))

test('killed in mid-queue, it shows the queue at the next start and finishes it', async () => {
  await limit(2048)
  await add(here('here/backup.tar'), there('arrived'))
  await add(here('here/site'), there('arrived'))
  await add(there('there/log.gz'), here('arrived'))
  await app.until('some of the first is there', async () => (await jobs())[0].bytesDone > LARGE_BYTES / 4)
  assert.deepEqual(
    (await jobs()).map(({ state }) => state),
    ['running', 'queued', 'queued'],
  )
  assert.ok(readdirSync(join(folder, 'arrived')).some((name) => name.endsWith('.bowline-part')))
  await look(app, 'transfer-kill-before')
  killApp(app)
  await app.close()
  assert.ok(!existsSync(join(folder, 'arrived/backup.tar')), 'nothing has its name before it is whole')

  app = await openApp(desktop)
  await shown(app)
  await app.until('the queue is there', async () => (await jobs()).length === 3)
  assert.equal((await jobs())[0].state === 'done', false)
  if ((await rows()).length === 0) await runAction(app, 'Show or hide the transfers')
  await app.until('the tray shows them', async () => (await rows()).join() === 'backup.tar,site,log.gz')
  if (process.env.BOWLINE_PICTURES) await app.screenshot('transfer-kill-tray')
  await app.until('the first goes on behind what was there', async () => (await jobs())[0].bytesDone > LARGE_BYTES / 4)
  await look(app, 'transfer-kill-after')
  await limit(0)
  await app.until(
    'all are done',
    async () => (await jobs()).every(({ state, errorCount }) => state === 'done' && errorCount === 0),
    async () => JSON.stringify(await jobs()),
    { patience: 60_000 },
  )
  await look(app, 'transfer-kill-done')
  assert.equal(hash('arrived/backup.tar'), hash('here/backup.tar'))
  assert.equal(hash('arrived/log.gz'), hash('there/log.gz'))
  for (let n = 0; n < 200; n += 1) assert.equal(hash(`arrived/site/pages/${n}.html`), hash(`here/site/pages/${n}.html`))
  const left = readdirSync(folder, { recursive: true }).filter((name) => name.includes('.bowline-part'))
  assert.deepEqual(left, [])
})
