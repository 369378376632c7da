// The `bowline` command beside the app in its real window: it borrows what the app has connected, and works without the app.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { end, start } from '../../scripts/processes.mjs'
import { APP, Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, command, runAction, shown } from './support/window.mjs'

const BOWLINE = join(dirname(APP), 'bowline')
const PASSPHRASE = 'asked for once'
const PATIENCE_MS = 30_000

let desktop, sshd, app, lockedKey

before(async () => {
  assert.ok(existsSync(BOWLINE), `${BOWLINE} is not there: build it with \`cargo build -p bowline-cli\``)
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['LogLevel VERBOSE', 'Subsystem sftp internal-sftp'] })
  lockedKey = join(sshd.folder, 'locked_key')
  copyFileSync(sshd.clientKey, lockedKey)
  copyFileSync(`${sshd.clientKey}.pub`, `${lockedKey}.pub`)
  execFileSync('chmod', ['600', lockedKey])
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', PASSPHRASE, '-f', lockedKey])
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
})

/** Runs a program without a terminal: nobody could be asked anything. */
async function run(program, args, { input = '', env = {} } = {}) {
  const child = start('setsid', ['--wait', program, ...args], {
    env: { ...desktop.env, ...env },
    cwd: desktop.home,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  child.stdin.end(input)
  const late = setTimeout(() => void end(child), PATIENCE_MS)
  const { code } = await child.ended
  clearTimeout(late)
  return { code, stdout, stderr }
}

/** Of a process; nothing of one that is gone. */
function argumentsOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

const bowline = (...args) => run(BOWLINE, args)
const logins = () => (sshd.log().match(/Accepted publickey/g) ?? []).length

function well(ran, stdout) {
  assert.equal(ran.code, 0, ran.stderr)
  if (stdout !== undefined) assert.equal(ran.stdout, stdout)
}

test('the passphrase of a key is asked for once, by the app', async () => {
  await addHost(app, { address: '127.0.0.1', port: sshd.port, user: sshd.user, name: 'web-01', keyFile: lockedKey })
  // Without the app the command could not ask for it.
  await app.click('button', 'Save and open')
  await app.untilText('Is this the right server?', { patience: 30_000 })
  await app.click('button', 'Always trust')
  await app.fill('Passphrase', PASSPHRASE, { exact: true })
  await app.click('button', 'Unlock')
  await command(app, 'echo "it is $((6 * 7))"', 'it is 42')
  assert.equal(logins(), 1)
})

test('ssh, exec, cp and sync work then without a question and without another login', async () => {
  well(await bowline('ssh', 'web-01', 'true'))
  const failing = await bowline('ssh', 'web-01', 'cat; echo err >&2; exit 7')
  assert.deepEqual([failing.code, failing.stderr], [7, 'err\n'])
  well(await run(BOWLINE, ['ssh', 'web-01', 'cat'], { input: 'both ways' }), 'both ways')
  well(await bowline('exec', 'web-01', '--', 'echo one'), 'one\n')
  // More than one host, as objects: each by its own connection, which is one here.
  const many = await bowline('exec', '--json', 'web-01', '--', 'echo one; exit 3')
  assert.equal(many.code, 3, many.stderr)
  assert.deepEqual(
    many.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type),
    ['stdout', 'exit'],
  )
  const from = join(desktop.home, 'from')
  mkdirSync(from)
  const bytes = 'x'.repeat(3_000_000)
  writeFileSync(join(from, 'large'), bytes)
  const there = join(sshd.folder, 'home')
  well(await bowline('cp', join(from, 'large'), `web-01:${there}/copied`))
  assert.equal(readFileSync(join(there, 'copied'), 'utf8'), bytes)
  well(await bowline('sync', `${from}/`, `web-01:${there}/synced`))
  assert.equal(readFileSync(join(there, 'synced/large'), 'utf8'), bytes)
  assert.equal(logins(), 1, sshd.log())
})

test('an interrupt ends what exec runs on a connection of the app, and says so', async () => {
  const mark = `sleep 86${process.pid}`
  const runs = () => readdirSync('/proc').some((pid) => argumentsOf(pid) === mark)
  const child = start(BOWLINE, ['exec', 'web-01', '--', mark], { env: desktop.env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  await app.until('it runs on the host', () => runs())
  child.kill('SIGINT')
  const { code } = await child.ended
  assert.deepEqual([code, said], [130, 'bowline: web-01: interrupted, the command was ended\n'])
  assert.equal(runs(), false)
  assert.equal(logins(), 1, sshd.log())
})

test('git clones, commits and pushes so', async () => {
  const env = { GIT_SSH_COMMAND: `${BOWLINE} ssh`, GIT_CONFIG_GLOBAL: '/dev/null' }
  const git = (...args) => run('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', ...args], { env })
  const bare = join(sshd.folder, 'home/work.git')
  well(await git('init', '--quiet', '--bare', bare))
  const clone = join(desktop.home, 'clone')
  well(await git('clone', '--quiet', `web-01:${bare}`, clone))
  writeFileSync(join(clone, 'file'), 'text\n')
  well(await git('-C', clone, 'add', 'file'))
  well(await git('-C', clone, 'commit', '--quiet', '-m', 'One file'))
  well(await git('-C', clone, 'push', '--quiet', 'origin', 'HEAD:main'))
  well(await git('-C', bare, 'show', 'main:file'), 'text\n')
  assert.equal(logins(), 1, sshd.log())
})

test('a pipe that runs and the tab of commands are still there when the page is loaded anew', async () => {
  await runAction(app, 'Run a command on hosts')
  await app.run((box) => box.checked || box.click(), await app.byRole('checkbox', 'web-01', { exact: true }))
  await app.fill('Command', 'echo kept over a reload', { exact: true })
  await runAction(app, 'Start the run on the hosts that are checked')
  await app.untilText('Done, all went well', { patience: 30_000 })
  await runAction(app, 'Pipe between hosts')
  for (const [n, line] of [
    [1, 'sleep 613'],
    [2, 'cat'],
  ]) {
    await app.fill(`Host of Command ${n}`, 'web-01', { exact: true })
    await app.fill(`Line of Command ${n}`, line, { exact: true })
  }
  await app.press(Key.CONTROL, Key.ENTER)
  await app.byRole('button', 'Stop')
  const tabs = async () => {
    const found = await app.allByRole('tab')
    return Promise.all(found.map((tab) => tab.getText()))
  }
  const before = await tabs()
  // What is open is written down a moment later.
  await new Promise((done) => setTimeout(done, 2000))
  await app.driver.navigate().refresh()
  await shown(app)
  await app.until(
    'the tabs are back',
    async () => (await tabs()).length === before.length,
    async () => `${await tabs()}`,
  )
  assert.deepEqual(await tabs(), before)
  await look(app, 'kept-pipe')
  await app.click('button', 'Stop')
  await app.untilText('It was stopped.', { patience: 20_000 })
  await runAction(app, 'Run a command on hosts')
  await app.untilText('kept over a reload')
  await app.untilText('Done, all went well')
  await look(app, 'kept-run')
})

test('without the app the command dials by itself, and asks for what it needs', async () => {
  await addHost(app, { address: '127.0.0.1', port: sshd.port, user: sshd.user, name: 'open-01', keyFile: sshd.clientKey })
  await app.click('button', 'Save', { exact: true })
  await app.until('the form is closed', async () => (await app.allByRole('dialog')).length === 0)
  await app.close()
  app = undefined
  const before = logins()
  well(await bowline('ssh', 'open-01', 'echo alone'), 'alone\n')
  well(await bowline('exec', 'open-01', '--', 'echo alone'), 'alone\n')
  assert.equal(logins(), before + 2)
  const locked = await bowline('ssh', 'web-01', 'true')
  assert.equal(locked.code, 255)
  assert.match(locked.stderr, /passphrase/)
  assert.equal(logins(), before + 2)
})
