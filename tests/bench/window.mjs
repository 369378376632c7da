// The window's budgets, each as one line: what, measured, budget.

import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tryBuiltInHost } from '../e2e/support/window.mjs'
import {
  MIB,
  TICKS_PER_SECOND,
  appProcess,
  cpuTicks,
  family,
  line,
  median,
  memoryOf,
  mixed,
  onDesktop,
  startedAt,
} from './kit.mjs'

// Between key presses: about as fast as a quick typist.
const KEY_EVERY_MS = 60

export async function bench(application, { runs, megabytes }) {
  console.log(`\nMeasured with ${application.split('/').slice(-2).join('/')}, ${runs} runs where a median is given\n`)
  const paints = []
  for (let run = 0; run < runs; run += 1) paints.push(await onDesktop(application, painted))
  line(
    'window painted after start',
    `${median(paints).toFixed(0)} ms (${paints.map((ms) => ms.toFixed(0)).join(', ')})`,
    '<= 1000 ms',
  )
  const memory = await onDesktop(application, oneIdleTerminal)
  line('idle with one terminal, all processes', `${memory.pss.toFixed(0)} MiB PSS (${memory.detail})`, '<= 300 MiB')
  line('CPU while idle with one terminal', `${memory.cpu.toFixed(1)} % of a core`, 'about 0')
  const flood = await onDesktop(application, (app) => output(app, megabytes))
  line('output into the visible terminal', `${flood.rate.toFixed(1)} MiB/s of ${megabytes} MiB (ASCII, SGR, CJK)`, '>= 16 MiB/s')
  line(
    'key presses handled meanwhile',
    `p50 ${flood.keys.p50.toFixed(0)} ms, p99 ${flood.keys.p99.toFixed(0)} ms, worst ${flood.keys.worst.toFixed(0)} ms (${flood.keys.count} keys)`,
    'p99 <= 40 ms',
  )
  line(
    'memory after the output',
    `${flood.memory.pss.toFixed(0)} MiB PSS (${flood.memory.detail})`,
    'none yet: the web view collects its garbage late',
  )
}

/** Milliseconds from the start of the app's process to its first contentful paint. */
async function painted(app) {
  let paint = null
  await app.until('the window is painted', async () => {
    paint = await app.run(() => {
      const [entry] = performance.getEntriesByName('first-contentful-paint')
      return entry ? performance.timeOrigin + entry.startTime : null
    })
    return paint !== null
  })
  return paint - startedAt(appProcess(app))
}

async function oneIdleTerminal(app) {
  await tryBuiltInHost(app)
  await sleep(5000)
  const pids = family(appProcess(app))
  const before = cpuTicks(pids)
  await sleep(10_000)
  const cpu = ((cpuTicks(pids) - before) / TICKS_PER_SECOND / 10) * 100
  return { ...memoryOf(pids), cpu }
}

/**
 * Prints a mixed file while keys are pressed through the X server. The page notes times by itself and the shell says in a
 * file that it is done: asking the page meanwhile would slow it.
 */
async function output(app, megabytes) {
  await tryBuiltInHost(app)
  const [file, done] = [join(app.desktop.home, 'mixed'), join(app.desktop.home, 'done')]
  writeFileSync(file, mixed(megabytes * MIB))
  await app.run(() => {
    window.noted = { keys: [], over: null }
    document.addEventListener(
      'keydown',
      (event) => window.noted.keys.push({ at: performance.now(), delay: performance.now() - event.timeStamp }),
      true,
    )
    // The shell says so in the terminal's title, which stands in its tab: then everything before it has been parsed.
    const timer = setInterval(() => {
      if (!document.querySelector('[role="tablist"]')?.textContent.includes('over')) return
      window.noted.over = performance.now()
      clearInterval(timer)
    }, 50)
  })
  await app.type(`clear; stty -echo; cat ${file}; printf '\\033]0;ov''er\\007'; stty echo; touch ${done}\n`)
  const began = await app.run(() => {
    window.noted.keys.length = 0
    return performance.now()
  })
  while (!existsSync(done)) {
    execFileSync('xdotool', ['key', 'x'], { env: app.desktop.env })
    await sleep(KEY_EVERY_MS)
  }
  let noted
  await app.until('the window has caught up', async () => (noted = await app.run(() => window.noted)).over !== null)
  const delays = noted.keys.filter((key) => key.at < noted.over).map((key) => key.delay)
  delays.sort((a, b) => a - b)
  const at = (part) => delays[Math.min(delays.length - 1, Math.floor(delays.length * part))] ?? NaN
  return {
    rate: megabytes / ((noted.over - began) / 1000),
    keys: { p50: at(0.5), p99: at(0.99), worst: at(1), count: delays.length },
    memory: memoryOf(family(appProcess(app))),
  }
}
