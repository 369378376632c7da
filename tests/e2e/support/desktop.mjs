// A desktop of a test's own: display, session bus, unlocked keyring, HOME. Nothing of the person's own is touched.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync, openSync, closeSync, readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { end, endAllWhenStopped, start, whenLeaving } from '../../../scripts/processes.mjs'

// From a Unix socket's path being limited to 107 bytes: the folder lies in the system's temporary folder, with a short name.
const FOLDER = 'bowline-'
const READY_MS = 15_000
const REMOVE_TRIES = 20
const KEYRING_PASSWORD = 'only for this run'

/**
 * Opens a desktop. `display: false` leaves out the X server, `keyring: false` leaves the Secret Service absent.
 * Returns `{ root, home, env, logs, openKeyring, close }`; `env` is the whole environment for programs on this desktop.
 */
export async function openDesktop({ display = true, keyring = true, size = '1600x1000' } = {}) {
  const root = mkdtempSync(join(tmpdir(), FOLDER))
  endAllWhenStopped()
  const removeFolder = whenLeaving(() => remove(root))
  const home = join(root, 'home')
  const logs = join(root, 'logs')
  const children = []
  const env = environment(root, home)
  for (const folder of [home, logs, env.XDG_CONFIG_HOME, env.XDG_DATA_HOME, env.XDG_CACHE_HOME, env.XDG_STATE_HOME]) {
    mkdirSync(folder, { recursive: true })
  }
  mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 })

  function launch(name, command, args, stdio = ['ignore']) {
    const log = openSync(join(logs, `${name}.log`), 'a')
    const child = start(command, args, { env, cwd: home, stdio: [stdio[0], log, log, ...stdio.slice(1)] })
    closeSync(log)
    children.push(child)
    const died = child.ended.then(({ code, signal, error }) => {
      throw new Error(
        `${name} ended at once (${error?.message ?? signal ?? code}): ${readFileSync(join(logs, `${name}.log`), 'utf8')}`,
      )
    })
    died.catch(() => {})
    return { child, died }
  }

  async function openKeyring() {
    // Unlocked before any client touches the bus; otherwise the daemon asks for a password in a window.
    const { child, died } = launch(
      'gnome-keyring',
      'gnome-keyring-daemon',
      ['--foreground', '--unlock', '--components=secrets', '--control-directory', join(env.XDG_RUNTIME_DIR, 'keyring')],
      ['pipe'],
    )
    child.stdin.end(KEYRING_PASSWORD)
    await Promise.race([died, until('the keyring is on the bus', () => ownsSecrets(env))])
    return child
  }

  async function close() {
    for (const child of children.reverse()) await end(child)
    removeFolder()
  }

  try {
    if (display) {
      const { child, died } = launch(
        'xvfb',
        'Xvfb',
        ['-displayfd', '3', '-screen', '0', `${size}x24`, '-nolisten', 'tcp', '-noreset'],
        ['ignore', 'pipe'],
      )
      env.DISPLAY = `:${await Promise.race([died, firstLine(child.stdio[3])])}`
    }
    const bus = join(env.XDG_RUNTIME_DIR, 'bus')
    const { died } = launch('dbus', 'dbus-daemon', ['--session', '--nofork', '--nopidfile', `--address=unix:path=${bus}`])
    env.DBUS_SESSION_BUS_ADDRESS = `unix:path=${bus}`
    await Promise.race([died, until('the session bus answers', () => answers(env))])
    if (keyring) await openKeyring()
  } catch (error) {
    await close()
    throw error
  }
  return { root, home, env, logs, openKeyring, close }
}

/** A shell that is just ending may still write its history. */
function remove(folder) {
  for (let tries = 1; ; tries += 1) {
    try {
      return rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      if (tries === REMOVE_TRIES) throw error
      execFileSync('sleep', ['0.2'])
    }
  }
}

function environment(root, home) {
  const kept = [
    'PATH',
    'LANG',
    'USER',
    'LOGNAME',
    'SHELL',
    'TERM',
    'CI',
    'BOWLINE_RUN',
    'BOWLINE_CHROMIUM',
    'RUST_LOG',
    'RUST_BACKTRACE',
  ]
  // Cargo and rustup look below HOME unless told otherwise, and compiler settings must not change or everything is built again.
  const tools = Object.keys(process.env).filter((name) => /^(CARGO|RUSTUP|RUSTC|RUSTFLAGS|NEXTEST|npm_config)/.test(name))
  const env = Object.fromEntries(
    [...kept, ...tools].filter((name) => name in process.env).map((name) => [name, process.env[name]]),
  )
  return {
    ...env,
    CARGO_HOME: process.env.CARGO_HOME ?? join(homedir(), '.cargo'),
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), '.rustup'),
    LANG: 'C.UTF-8',
    SHELL: '/bin/bash',
    HOME: home,
    TMPDIR: tmpdir(),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_STATE_HOME: join(home, '.local/state'),
    XDG_RUNTIME_DIR: join(root, 'run'),
    XDG_SESSION_TYPE: 'x11',
    GDK_BACKEND: 'x11',
    NO_AT_BRIDGE: '1',
    // Settings of a desktop that is not there would be read and written through dconf.
    GSETTINGS_BACKEND: 'memory',
  }
}

async function answers(env) {
  return (await output('dbus-send', [...CALL, '/', 'org.freedesktop.DBus.GetId'], env)) !== undefined
}

async function ownsSecrets(env) {
  const reply = await output(
    'dbus-send',
    [...CALL, '/', 'org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets'],
    env,
  )
  return reply?.includes('boolean true')
}

const CALL = ['--session', '--print-reply', '--dest=org.freedesktop.DBus']

async function output(command, args, env) {
  const child = start(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  const { code } = await child.ended
  await end(child)
  return code === 0 ? text : undefined
}

function firstLine(stream) {
  return new Promise((resolve) => {
    let text = ''
    stream.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(text.split('\n')[0])
    })
  })
}

async function until(what, holds) {
  const deadline = Date.now() + READY_MS
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited ${READY_MS / 1000} s until ${what}`)
    await sleep(50)
  }
}
