// Drags by the X server's own mouse: files out of another program's window, as out of a file manager.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { end, start } from '../../../scripts/processes.mjs'

const SOURCE = join(import.meta.dirname, 'drag-source.c')
const TARGET = join(import.meta.dirname, 'drop-target.c')
const STEPS = 12
const STEP_MS = 40
/** An X server that does not answer must not hold the test up for ever. */
const XDOTOOL_MS = 10_000

/** Opens a window of another program, from which these files can be dragged. */
export function openDragSource(desktop, files) {
  return openGtk(desktop, 'drag source', SOURCE, files)
}

/** The same, on which files can be dropped; `got` is what was dropped, as URIs. */
export async function openDropTarget(desktop) {
  let said = ''
  const target = await openGtk(desktop, 'drop target', TARGET, [], (text) => (said += text))
  return { ...target, got: () => said.split('\n').filter((line) => line.startsWith('file:')) }
}

async function openGtk(desktop, title, source, args, heard = () => undefined) {
  const folder = join(import.meta.dirname, '../../../target/tools')
  mkdirSync(folder, { recursive: true })
  const program = join(folder, title.replace(' ', '-'))
  // GTK is there: the app is built with it.
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'gtk+-3.0'], { encoding: 'utf8' }).trim().split(/\s+/)
  execFileSync('cc', ['-w', '-o', program, source, ...flags])
  const child = start(program, args, { env: desktop.env, stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout.setEncoding('utf8').on('data', heard)
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const mouse = mouseOf(desktop)
  const [id] = mouse('search', '--sync', '--onlyvisible', '--name', `^${title}$`).split('\n')
  const place = Object.fromEntries(
    mouse('getwindowgeometry', '--shell', id)
      .split('\n')
      .map((line) => line.split('=')),
  )
  const middle = [Number(place.X) + Number(place.WIDTH) / 2, Number(place.Y) + Number(place.HEIGHT) / 2]
  return { middle: middle.map(Math.round), close: () => end(child) }
}

export function mouseOf(desktop) {
  return (...args) =>
    execFileSync('xdotool', args.map(String), {
      env: desktop.env,
      encoding: 'utf8',
      timeout: XDOTOOL_MS,
      killSignal: 'SIGKILL',
    }).trim()
}

/** Presses at one place of the screen and goes to another in steps, as a hand does. The button stays down. */
export async function dragTo(desktop, from, to) {
  const mouse = mouseOf(desktop)
  mouse('mousemove', ...from)
  await sleep(200)
  mouse('mousedown', 1)
  for (let step = 1; step <= STEPS; step += 1) {
    const at = [0, 1].map((axis) => Math.round(from[axis] + ((to[axis] - from[axis]) * step) / STEPS))
    mouse('mousemove', ...at)
    await sleep(STEP_MS)
  }
  // GTK asks what is dragged only once the pointer rests within the window.
  for (const nudge of [3, -2, 1]) {
    mouse('mousemove', to[0] + nudge, to[1])
    await sleep(STEP_MS * 3)
  }
}

export function letGo(desktop) {
  mouseOf(desktop)('mouseup', 1)
}
