// Named steps with their time. What a step's programs print goes to target/logs and is shown when it fails.

import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { end, start } from './processes.mjs'

export const root = join(import.meta.dirname, '..')
const logs = join(root, 'target/logs')

// One step of a healthy run takes a few minutes; a program that hangs must not take the whole run with it.
const LIMIT_MS = 40 * 60_000
// How often a long step says that it is alive where nobody can see the line move.
const ALIVE_MS = 30_000

const tty = process.stdout.isTTY && !process.env.CI
const began = Date.now()

/** A failure that is explained by its message alone: no stack is shown. */
export class Expected extends Error {
  expected = true
}

/**
 * Runs `work(run)` as a step: one line that counts the seconds, then its outcome. `run(command, args, options)` starts a
 * program whose output goes to the step's log; it throws when the program fails, unless `options.fails` allows it.
 * Work returns a remark for the line, or nothing.
 */
export async function step(name, work) {
  const log = new Log(name)
  const line = new Line(name)
  try {
    const remark = await work((command, args, options) => runLogged(log, line, command, args, options), line)
    line.done('ok', typeof remark === 'string' ? remark : '')
    return remark
  } catch (error) {
    line.done('FAILED')
    const text = log.read()
    if (text) console.log(`\n--- ${name}: what it printed (${log.path})\n${text.trimEnd()}\n---`)
    if (error.expected) console.log(error.message)
    else console.log(error.stack ?? error)
    throw Object.assign(error, { shown: true })
  } finally {
    log.close()
  }
}

/** Seconds since the run began, for its last line. */
export const elapsed = () => seconds(Date.now() - began)

async function runLogged(
  log,
  line,
  command,
  args,
  { fails = false, cwd = root, env = process.env, limit = LIMIT_MS, input } = {},
) {
  log.write(`$ ${command} ${args.join(' ')}\n`)
  const child = start(command, args, { cwd, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
  if (input !== undefined) child.stdin.end(input)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text) => {
      output += text
      log.write(text)
      line.says(text)
    })
  }
  const timer = setTimeout(() => {
    log.write(`\nStopped after ${seconds(limit)}.\n`)
    void end(child)
  }, limit)
  const { code, signal, error } = await child.ended
  clearTimeout(timer)
  // The last lines are still in the pipes when the program is gone; a daemon that holds them open must not hold us.
  await Promise.race([
    Promise.all([child.stdout, child.stderr].map(drained)),
    new Promise((resolve) => setTimeout(resolve, 500).unref()),
  ])
  await end(child)
  if (code !== 0 && !fails) {
    const how =
      error?.code === 'ENOENT'
        ? 'is not installed'
        : error
          ? error.message
          : signal
            ? `was ended by ${signal}`
            : `ended with ${code}`
    throw new Expected(`${command} ${args[0] ?? ''} ${how}`)
  }
  return { code: code ?? 1, output }
}

function drained(stream) {
  return new Promise((resolve) => {
    if (stream.closed) resolve()
    else stream.once('close', resolve)
  })
}

class Line {
  #name
  #began = Date.now()
  #last = ''
  #timer

  constructor(name) {
    this.#name = name
    if (tty) {
      this.#timer = setInterval(() => this.#draw(), 200)
      this.#draw()
    } else {
      this.#timer = setInterval(() => console.log(`  … ${name} (${this.#time()}) ${this.#last}`), ALIVE_MS)
    }
    this.#timer.unref()
  }

  says(text) {
    const plain = stripColours(text).split(/[\r\n]+/)
    this.#last = plain.findLast((it) => it.trim()) ?? this.#last
  }

  done(outcome, remark = '') {
    clearInterval(this.#timer)
    const mark = outcome === 'ok' ? '✓' : '✗'
    if (tty) process.stdout.write('\r\x1b[2K')
    console.log(`${mark} ${this.#name.padEnd(34)} ${this.#time().padStart(8)}  ${outcome === 'ok' ? remark : outcome}`.trimEnd())
  }

  #draw() {
    const width = (process.stdout.columns ?? 80) - 1
    process.stdout.write(`\r\x1b[2K${`  ${this.#name} (${this.#time()}) ${this.#last.trim()}`.slice(0, width)}`)
  }

  #time() {
    return seconds(Date.now() - this.#began)
  }
}

class Log {
  #file

  constructor(name) {
    mkdirSync(logs, { recursive: true })
    this.path = join(logs, `${name.replaceAll(/[^\w.-]+/g, '-').toLowerCase()}.log`)
    this.#file = openSync(this.path, 'w')
  }

  write(text) {
    writeSync(this.#file, text)
  }

  read() {
    return readFileSync(this.path, 'utf8')
  }

  close() {
    closeSync(this.#file)
  }
}

export function stripColours(text) {
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
}

function seconds(ms) {
  const all = ms / 1000
  return all < 90 ? `${all.toFixed(1)} s` : `${Math.floor(all / 60)} min ${String(Math.round(all % 60)).padStart(2, '0')} s`
}
