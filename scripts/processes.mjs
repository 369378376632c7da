// Processes we start, and how they end: every one leads its own process group and is ended by its id,
// when we are done, when a step fails, and on Ctrl-C. Nothing is ever ended by name.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

// A child that moved to a session of its own (a shell in a terminal, a daemon) is outside our process groups.
// It still carries this mark in its environment, so that it is found and ended too.
const MARK = 'BOWLINE_RUN'
process.env[MARK] ??= randomUUID()

// How long a process may take to end by itself before it is killed.
const GRACE_MS = 4000

const running = new Set()
const leaving = new Set()

/** Does something when everything has ended, also on Ctrl-C. Returns a function that does it now instead. */
export function whenLeaving(work) {
  leaving.add(work)
  return () => leaving.delete(work) && work()
}

/** Starts a program in a process group of its own. Options are those of `child_process.spawn`. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { detached: process.platform !== 'win32', ...options })
  running.add(child)
  child.ended = new Promise((resolve) => {
    // 'exit' and not 'close': a daemon that inherited the pipes must not hold us up.
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', (error) => resolve({ code: 127, signal: null, error }))
  })
  return child
}

/** Ends a process and its group, and returns when it is gone. */
export async function end(child, signal = 'SIGTERM') {
  if (!running.has(child)) return
  signalGroup(child, signal)
  const gone = await Promise.race([child.ended.then(() => true), sleep(GRACE_MS, false, { ref: false })])
  if (!gone) signalGroup(child, 'SIGKILL')
  await child.ended
  // The leader is gone; what is left of its group has had its chance.
  signalGroup(child, 'SIGKILL')
  running.delete(child)
}

/** Ends everything that this run started and that still lives. Returns what had to be ended by its mark. */
export async function endAll() {
  await Promise.all([...running].reverse().map((child) => end(child)))
  const left = await endMarked()
  for (const work of leaving) work()
  leaving.clear()
  return left
}

/** A process of this run that outlived us all: its id and command line. Linux only; elsewhere the list is empty. */
export function marked(mark = process.env[MARK]) {
  if (process.platform !== 'linux') return []
  const found = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!pid || pid === process.pid || ancestors().has(pid)) continue
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${mark}`)) continue
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))) continue
      found.push({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() })
    } catch {
      // It ended while we looked, or belongs to somebody else.
    }
  }
  return found
}

// A run inside a run (node:test under `npm test`) shares the mark of the outer one: it must not end its parents.
function ancestors() {
  const ids = new Set()
  for (let pid = process.ppid; pid > 1 && !ids.has(pid);) {
    ids.add(pid)
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  }
  return ids
}

async function endMarked() {
  const left = marked()
  for (const { pid } of left) kill(pid, 'SIGTERM')
  for (let waited = 0; waited < GRACE_MS && marked().length > 0; waited += 100) await sleep(100)
  for (const { pid } of marked()) kill(pid, 'SIGKILL')
  return left
}

function signalGroup(child, signal) {
  if (child.pid === undefined) return
  kill(process.platform === 'win32' ? child.pid : -child.pid, signal)
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error
  }
}

/**
 * From now on, ends everything when this process is stopped halfway: Ctrl-C, a hang-up, a request to stop, an error that
 * nobody caught (the reader of our output went away, say).
 */
export function endAllWhenStopped() {
  if (endsAllWhenStopped) return
  endsAllWhenStopped = true
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => endAll().finally(() => process.exit(code)))
  }
  process.once('uncaughtException', (error) => {
    if (error.code !== 'EPIPE') console.error(error)
    void endAll().finally(() => process.exit(1))
  })
}

let endsAllWhenStopped = false

// The last resort, for those who leave by process.exit (node:test does when it is stopped): no waiting, no grace.
process.once('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL')
  if (running.size > 0) for (const { pid } of marked()) kill(pid, 'SIGKILL')
  for (const work of leaving) work()
})

/** Runs `work`, then ends everything it started, whatever happened, and leaves with its exit code. */
export async function leaveNothingBehind(work) {
  endAllWhenStopped()
  let code = 1
  try {
    code = await work()
  } catch (error) {
    if (!error.shown) console.error(error.expected ? error.message : error)
  }
  await endAll()
  process.exit(code)
}
