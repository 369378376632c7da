// Bowline's window beside the terminals that people know, all over ssh to the same sshd, on the same display, in the same run.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { end, start } from '../../scripts/processes.mjs'

const WINDOW_MS = 30_000
const FLOOD_MS = 120_000

/** What there is on this machine: `{ name, args(ssh, command) }`, each without a blinking cursor. */
export function peers(server) {
  const ssh = sshTo(server)
  const all = [
    { name: 'xterm', args: (command) => ['-geometry', '170x50', '-e', ...ssh, ...command] },
    { name: 'alacritty', args: (command) => ['-o', 'cursor.style.blinking=Off', '-e', ...ssh, ...command] },
    {
      name: 'kitty',
      args: (command) => ['-o', 'cursor_blink_interval=0', '-o', 'update_check_interval=0', ...ssh, ...command],
    },
    { name: 'putty', args: (command) => puttyArgs(server, command) },
  ]
  return all.filter(({ name }) => spawnSync('which', [name]).status === 0)
}

/** The command line of ssh, with a terminal on the far side. */
export function sshTo(server) {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'IdentitiesOnly=yes']
  return [
    'ssh',
    '-tt',
    ...['-F', 'none', '-i', server.clientKey, '-p', String(server.port)],
    ...options.flatMap((option) => ['-o', option]),
    `${server.user}@127.0.0.1`,
  ]
}

function puttyArgs(server, command) {
  const key = join(server.folder, 'client_key.ppk')
  if (!existsSync(key)) execFileSync('puttygen', [server.clientKey, '-O', 'private', '-o', key])
  const trust = ['-hostkey', server.fingerprint]
  const login = ['-P', String(server.port), '-l', server.user, '-i', key, ...trust, '-t']
  // It takes a command from a file only.
  const file = join(server.folder, 'putty-command')
  writeFileSync(file, `${command.join(' ')}\n`)
  return ['-ssh', ...login, '-m', file, '127.0.0.1']
}

/** Milliseconds from a key to the first changed pixel, in the window of a peer. */
export async function peerKeys(desktop, server, peer, tool, keys) {
  return inWindow(desktop, peer, ['bash', '--norc'], () => pressKeys(desktop, tool, keys))
}

/** The same in whatever window has the keyboard; `area` is `x,y,width,height` where a key is looked for. */
export async function pressKeys(desktop, tool, keys, area) {
  const child = start(tool, area ? [String(keys), area] : [String(keys)], {
    env: desktop.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (data) => (text += data))
  const { code } = await child.ended
  if (code !== 0) throw new Error(`the keys were not measured (${code})`)
  return JSON.parse(text)
}

/** MiB/s of a file that is printed in the window of a peer, by the clock of the far side. */
export async function peerOutput(desktop, server, peer, file, megabytes) {
  const over = join(server.folder, 'over')
  rmSync(over, { force: true })
  return inWindow(desktop, peer, [timed(file, over)], async () => rate(await written(over), megabytes))
}

/** The rate of `ssh -tt host cat`, with nobody who draws it: what the far side's terminal can do. */
export function unseen(server, file, megabytes) {
  const began = performance.now()
  execFileSync('sh', ['-c', `exec "$@" > /dev/null`, 'sh', ...sshTo(server), `cat ${file}`], { stdio: 'ignore' })
  return megabytes / ((performance.now() - began) / 1000)
}

/** A command for the far side that prints a file and notes when it began and ended. */
export function timed(file, over) {
  return `sh -c 'a=$(date +%s%N); cat ${file}; echo $a $(date +%s%N) > ${over}.part; mv ${over}.part ${over}; sleep 3'`
}

async function written(over) {
  for (const began = Date.now(); !existsSync(over); await sleep(50)) {
    if (Date.now() - began > FLOOD_MS) throw new Error('the output never ended')
  }
  return readFileSync(over, 'utf8').split(' ').map(Number)
}

function rate([began, ended], megabytes) {
  return megabytes / ((ended - began) / 1e9)
}

/** There is no window manager: the pointer gives a window the keyboard. */
async function inWindow(desktop, peer, command, measure) {
  const child = start(peer.name, peer.args(command), { env: desktop.env, stdio: 'ignore' })
  try {
    const find = ['search', '--sync', '--onlyvisible', '--pid', String(child.pid)]
    const found = execFileSync('timeout', [String(WINDOW_MS / 1000), 'xdotool', ...find], { env: desktop.env, encoding: 'utf8' })
    const window = found.trim().split('\n').at(-1)
    execFileSync('xdotool', ['windowmove', window, '0', '0', 'windowfocus', window], { env: desktop.env })
    execFileSync('xdotool', ['mousemove', '400', '300'], { env: desktop.env })
    await sleep(2000)
    return await measure()
  } finally {
    await end(child)
  }
}
