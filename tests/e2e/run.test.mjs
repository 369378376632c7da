// Commands on several hosts in the real window: run, seen, stopped, grouped, run again, left running and read later.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { freePort } from './support/ports.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, openServer, runAction, shown, startAgain, useChinese } from './support/window.mjs'

let desktop, sshd, app

async function save(name, port) {
  await addHost(app, { address: '127.0.0.1', port, user: sshd.user, name, keyFile: sshd.clientKey })
  await app.click('button', 'Save', { exact: true })
  await app.until('the form is closed', async () => (await app.allByRole('dialog')).length === 0)
}

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd()
  app = await openApp(desktop)
  await shown(app)
  await app.resize(1280, 820)
  await openServer(app, sshd, 'web-01')
  for (const name of ['web-02', 'web-03']) await save(name, sshd.port)
  await save('down-01', await freePort())
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
})

/** Processes of this computer, which is every host here, with a mark among their arguments. */
function marked(mark) {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        .split('\0')
        .some((word) => word === mark)
    } catch {
      return false
    }
  }).length
}

/** Checks exactly these. */
async function check(...names) {
  for (const name of ['web-01', 'web-02', 'web-03', 'down-01']) {
    const [box] = await app.allByRole('checkbox', name, { exact: true })
    if ((await box.isSelected()) !== names.includes(name)) await box.click()
  }
}

const command = (text) => app.fill('Command', text, { exact: true })

test('nothing runs before it is told to, and then on each host that is checked', async () => {
  await runAction(app, 'Run a command on hosts')
  await app.untilText('Nothing has been run yet.')
  await look(app, 'run-empty')
  await check('web-01', 'web-02', 'web-03', 'down-01')
  await command('printf "\\033[32mgreen\\033[0m <b>磁盘</b>\\n"; echo careful >&2')
  await app.untilText('Run on 4 hosts')
  await app.press(Key.CONTROL, Key.ENTER)
  await app.untilText('All 4 done, 1 not well', { patience: 60_000 })
  // What went wrong is shown first.
  await app.click('option', 'web-01')
  await app.untilText('green <b>磁盘</b>')
  await app.untilText('careful')
  await look(app, 'run-results')
  await (await app.byLabel('Group equal results')).click()
  await app.untilText('3 hosts')
  await look(app, 'run-grouped')
  await app.click('button', 'Run again on failed (1)')
  await app.untilText('All 1 done, 1 not well', { patience: 60_000 })
  await app.untilText('nothing listens')
})

test('what runs is stopped on the hosts', async () => {
  const mark = `86405.${process.pid}`
  await check('web-01', 'web-02', 'web-03')
  await command(`sleep ${mark}`)
  await app.click('button', 'Run on 3 hosts')
  await app.until('it sleeps on three', async () => marked(mark) >= 3)
  await look(app, 'run-running')
  await app.click('button', 'Stop', { exact: true })
  await app.untilText('All 3 done, 3 not well', { patience: 60_000 })
  await app.untilText('stopped')
  assert.equal(marked(mark), 0)
})

test('256 KiB of output and more are shown from both ends', async () => {
  await command('i=0; while [ $i -lt 60000 ]; do echo "line $i"; i=$((i+1)); done; exit 3')
  await app.click('button', 'Run on 3 hosts')
  await app.untilText('All 3 done, 3 not well', { patience: 60_000 })
  await app.untilText('line 59999')
  await app.untilText('left out')
  await look(app, 'run-long')
})

test('a command that was left running is there after a restart of the app, and can be read and stopped', async () => {
  const mark = `86406.${process.pid}`
  const options = async () => {
    const [folded] = await app.allByRole('button', 'Options', { exact: true })
    await folded.click()
  }
  await check('web-01')
  await options()
  await (await app.byLabel('Keep running when I leave')).click()
  await look(app, 'run-options')
  await options()
  await command(`echo begun; sleep ${mark}`)
  await app.click('button', 'Run on one host')
  await app.until('it sleeps', async () => marked(mark) >= 1)
  await app.untilText('begun', { patience: 30_000 })
  app = await startAgain(app)
  await app.resize(1280, 820)
  assert.ok(marked(mark) >= 1, 'it runs on without the app')
  await runAction(app, 'Run a command on hosts')
  await app.untilText('Nothing has been run yet.')
  await check('web-01')
  await app.click('button', 'Left running')
  await app.click('button', 'Look on one host')
  await app.untilText('begun', { patience: 30_000 })
  await look(app, 'run-left')
  await app.click('button', 'Stop it')
  await app.until('nothing of it is left', async () => marked(mark) === 0)
  await app.click('button', 'Remove from the host')
  await app.untilText('Nothing was left running there.')
})

test('nothing is cut off in Chinese', async () => {
  await useChinese(app)
  await app.untilText('运行命令')
  await look(app, 'run-zh')
})
