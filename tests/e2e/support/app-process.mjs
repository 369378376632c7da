// The app's own process, below the driver's: to kill it, and to see what it costs.

import { readFileSync } from 'node:fs'

/** Every process below the driver's, the app's web processes too. */
function processes(app) {
  const children = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .flatMap((child) => [child, ...children(child)])
    } catch {
      // It has ended meanwhile.
      return []
    }
  }
  return children(app.driverProcess)
}

const nameOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8')
  } catch {
    return ''
  }
}

/** Whether the app itself is there. */
export const isRunning = (app) => processes(app).some((pid) => nameOf(pid).startsWith('bowline'))

/** Kills the app itself, as a crash or the system would. */
export function killApp(app) {
  for (const pid of processes(app)) {
    if (nameOf(pid).startsWith('bowline')) process.kill(Number(pid), 'SIGKILL')
  }
}

/** What the app and its web processes take, in MiB: memory that several share is counted once (PSS). */
export async function memoryOf(app) {
  const kib = (pid) => {
    try {
      const comm = readFileSync(`/proc/${pid}/comm`, 'utf8')
      if (!/^(bowline|WebKit)/.test(comm) || comm.startsWith('WebKitWebDriver')) return 0
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    } catch {
      return 0
    }
  }
  return processes(app).reduce((sum, pid) => sum + kib(pid), 0) / 1024
}
