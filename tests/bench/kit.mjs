// What the window's benches share: a desktop with the app, what its processes cost, a text to print, a line of the table.

import { readFileSync, readdirSync } from 'node:fs'
import { openApp } from '../e2e/support/app.mjs'
import { openDesktop } from '../e2e/support/desktop.mjs'
import { shown } from '../e2e/support/window.mjs'

export const MIB = 1024 * 1024
export const TICKS_PER_SECOND = 100

export async function onDesktop(application, measure) {
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

/** A text of ASCII log lines, coloured lines and Chinese, a third each by bytes. */
export function mixed(bytes) {
  const lines = [
    '10.0.3.7 - - [21/Nov/2026:09:14:02] "GET /api/v1/items?page=12 HTTP/2" 200 5120 0.012\n',
    '\x1b[32m   Compiling\x1b[0m bowline-core v0.1.0 \x1b[38;2;226;181;109m(12/240)\x1b[0m \x1b[1mfeatures\x1b[0m ok\n',
    '构建机已完成第十二个任务，用时三分二十秒，输出写入 /srv/www/发布说明.md，没有错误\n',
  ].map((text) => Buffer.from(text))
  const block = Buffer.concat(lines.flatMap((text) => Array(Math.ceil(4096 / text.length)).fill(text)))
  return Buffer.concat(Array(Math.ceil(bytes / block.length)).fill(block)).subarray(0, bytes)
}

/** The app's own process: the one below the driver that runs the application. */
export function appProcess(app) {
  const found = family(app.driverProcess).find((pid) =>
    readFileSync(`/proc/${pid}/comm`, 'utf8').trim().startsWith('bowline-desktop'),
  )
  if (!found) throw new Error('the app has no process')
  return found
}

export function family(pid) {
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

export function startedAt(pid) {
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1])
  // The boot time has whole seconds only; the uptime is exact to 10 ms.
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  const exactBoot = Date.now() / 1000 - uptime
  if (Math.abs(exactBoot - boot) > 2) throw new Error('the clock was set')
  return (exactBoot + Number(stat(pid)[19]) / TICKS_PER_SECOND) * 1000
}

export function cpuTicks(pids) {
  return pids.reduce((sum, pid) => sum + Number(stat(pid)[11]) + Number(stat(pid)[12]), 0)
}

export function memoryOf(pids) {
  const parts = pids.map((pid) => {
    const kib = Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    return { name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), mib: kib / 1024 }
  })
  return {
    pss: parts.reduce((sum, part) => sum + part.mib, 0),
    detail: parts.map((part) => `${part.name} ${part.mib.toFixed(0)}`).join(', '),
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

export function line(what, measured, budget) {
  console.log(`  ${what.padEnd(40)} ${measured}   (budget ${budget})`)
}
