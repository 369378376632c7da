// The window's budgets, each as one line: what, measured, budget.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../e2e/support/app.mjs'
import { openDesktop } from '../e2e/support/desktop.mjs'
import { shown, tryBuiltInHost } from '../e2e/support/window.mjs'

const MIB = 1024 * 1024
const TICKS_PER_SECOND = 100
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

async function onDesktop(application, measure) {
  const desktop = await openDesktop({ size: '1600x1000' })
  let app
  try {
    app = await openApp(desktop, { application })
    await shown(app)
    return await measure(app)
  } finally {
    await app?.close()
    await desktop.close()
  }
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

/** A text of ASCII log lines, coloured lines and Chinese, a third each by bytes. */
function mixed(bytes) {
  const lines = [
    '10.0.3.7 - - [21/Nov/2026:09:14:02] "GET /api/v1/items?page=12 HTTP/2" 200 5120 0.012\n',
    '\x1b[32m   Compiling\x1b[0m bowline-core v0.1.0 \x1b[38;2;226;181;109m(12/240)\x1b[0m \x1b[1mfeatures\x1b[0m ok\n',
    '构建机已完成第十二个任务，用时三分二十秒，输出写入 /srv/www/发布说明.md，没有错误\n',
  ].map((text) => Buffer.from(text))
  const block = Buffer.concat(lines.flatMap((text) => Array(Math.ceil(4096 / text.length)).fill(text)))
  return Buffer.concat(Array(Math.ceil(bytes / block.length)).fill(block)).subarray(0, bytes)
}

/** The app's own process: the one below the driver that runs the application. */
function appProcess(app) {
  const found = family(app.driverProcess).find((pid) =>
    readFileSync(`/proc/${pid}/comm`, 'utf8').trim().startsWith('bowline-desktop'),
  )
  if (!found) throw new Error('the app has no process')
  return found
}

function family(pid) {
  const parents = new Map()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      parents.set(Number(name), Number(stat(name)[1]))
    } catch {
      // It ended meanwhile.
    }
  }
  const found = [pid]
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child)
  return found
}

/** The fields of /proc/PID/stat after the name: state, parent, ... (proc_pid_stat(5)). */
function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function startedAt(pid) {
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1])
  // The boot time has whole seconds only; the uptime is exact to 10 ms.
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  const exactBoot = Date.now() / 1000 - uptime
  if (Math.abs(exactBoot - boot) > 2) throw new Error('the clock was set')
  return (exactBoot + Number(stat(pid)[19]) / TICKS_PER_SECOND) * 1000
}

function cpuTicks(pids) {
  return pids.reduce((sum, pid) => sum + Number(stat(pid)[11]) + Number(stat(pid)[12]), 0)
}

function memoryOf(pids) {
  const parts = pids.map((pid) => {
    const kib = Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    return { name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), mib: kib / 1024 }
  })
  return {
    pss: parts.reduce((sum, part) => sum + part.mib, 0),
    detail: parts.map((part) => `${part.name} ${part.mib.toFixed(0)}`).join(', '),
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

function line(what, measured, budget) {
  console.log(`  ${what.padEnd(40)} ${measured}   (budget ${budget})`)
}
