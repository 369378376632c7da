// A real OpenSSH sshd for a test of the window: own keys, configuration and port on loopback.

import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { end, start } from '../../../scripts/processes.mjs'
import { freePort } from './ports.mjs'

const PROGRAM = '/usr/sbin/sshd'
const READY_MS = 10_000
// The same account as that of tests/kit/account.rs, so that there is one on a machine.
const ACCOUNT = { user: 'bowline-test', folder: '/run/bowline-test' }

/** Starts one. `password: true` lets the test user in with a password; otherwise only `clientKey` gets in, as root. */
export async function openSshd({ password = false, lines = [], port = null } = {}) {
  if (process.getuid?.() !== 0) throw new Error('these tests start an sshd that logs people in, which takes root')
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const folder = mkdtempSync(join(tmpdir(), 'bowline-sshd-'))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'home'))
  chmodSync(join(folder, 'home'), 0o777)
  const [hostKey, clientKey] = [join(folder, 'host_key'), join(folder, 'client_key')]
  for (const key of [hostKey, clientKey]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(`${clientKey}.pub`))
  const account = password ? testUser() : null
  const server = new Sshd(folder, port ?? (await freePort()), hostKey, clientKey, account, lines)
  await server.start()
  return server
}

class Sshd {
  #child
  #lines

  constructor(folder, port, hostKey, clientKey, account, lines) {
    Object.assign(this, { folder, port, hostKey, clientKey, account })
    this.user = account?.user ?? 'root'
    this.password = account?.password ?? null
    this.#lines = lines
  }

  async start() {
    const config = [
      ...this.#lines,
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${this.hostKey}`,
      // Ours, and the one that the person's own keys are installed in.
      `AuthorizedKeysFile ${join(this.folder, 'authorized_keys')} ${join(this.folder, 'home/.ssh/authorized_keys')}`,
      `PidFile ${join(this.folder, 'pid')}`,
      'UsePAM no',
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      `PasswordAuthentication ${this.account ? 'yes' : 'no'}`,
      'KbdInteractiveAuthentication no',
      'PrintMotd no',
      'PrintLastLog no',
      // What the account's own start-up files do, and how long that takes, is no matter of a test.
      `SetEnv HOME=${join(this.folder, 'home')}`,
    ]
    writeFileSync(join(this.folder, 'config'), `${config.join('\n')}\n`)
    const log = openSync(join(this.folder, 'log'), 'a')
    this.#child = start(PROGRAM, ['-D', '-e', '-f', join(this.folder, 'config')], { stdio: ['ignore', log, log] })
    closeSync(log)
    const deadline = Date.now() + READY_MS
    while (!(await listens(this.port))) {
      if (Date.now() > deadline) throw new Error(`sshd does not listen: ${this.log()}`)
      await sleep(20)
    }
  }

  /** Gives it another host key, as a reinstalled server has. */
  async renewHostKey() {
    await end(this.#child)
    rmSync(this.hostKey)
    rmSync(`${this.hostKey}.pub`)
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.hostKey])
    await this.start()
  }

  get fingerprint() {
    return execFileSync('ssh-keygen', ['-lf', `${this.hostKey}.pub`], { encoding: 'utf8' }).split(' ')[1]
  }

  log() {
    return readFileSync(join(this.folder, 'log'), 'utf8')
  }

  async close() {
    await end(this.#child)
    try {
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    } catch (error) {
      // A shell that is ending still writes there: what is left lies among temporary files, and the test is over.
      console.warn(`${this.folder} was not removed: ${error.message}`)
    }
  }
}

/** The machine's test user with its password; both are made when missing, under the lock that the Rust kit takes too. */
function testUser() {
  mkdirSync(ACCOUNT.folder, { recursive: true, mode: 0o700 })
  const kept = join(ACCOUNT.folder, 'password')
  const script = `
    id ${ACCOUNT.user} >/dev/null 2>&1 || useradd --create-home --shell /bin/sh ${ACCOUNT.user}
    if [ ! -s ${kept} ]; then
      printf '%s:%s\\n' ${ACCOUNT.user} "$NEW_PASSWORD" | chpasswd
      (umask 077; printf '%s' "$NEW_PASSWORD" > ${kept})
    fi`
  if (!existsSync(kept) || !userExists()) rmSync(kept, { force: true })
  const env = { ...process.env, NEW_PASSWORD: randomBytes(18).toString('base64') }
  execFileSync('flock', [join(ACCOUNT.folder, 'lock'), 'sh', '-c', script], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  return { user: ACCOUNT.user, password: readFileSync(kept, 'utf8') }
}

function userExists() {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${ACCOUNT.user}:`))
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true) || socket.destroy())
    socket.once('error', () => resolve(false))
  })
}
