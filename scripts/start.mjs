// npm start: from a fresh clone to the open app. With no display, the first journey is walked in a window nobody sees.
//
//   npm start                  a debug build: ready soonest after a change
//   npm start -- --release     the build that people get
//   npm start -- --headless    the journey, even where there is a display

import { spawn } from 'node:child_process'
import { leaveNothingBehind } from './processes.mjs'
import { ensureApp } from './setup/app.mjs'
import { ensureFrontend } from './setup/frontend.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { ensureSystem, ensureToolchains, hasDisplay } from './setup/system.mjs'
import { ensureTools } from './setup/tools.mjs'
import { elapsed } from './steps.mjs'

const options = process.argv.slice(2)
const unknown = options.filter((option) => !['--release', '--headless'].includes(option))
if (unknown.length > 0) {
  console.error(`npm start does not know ${unknown.join(' ')}. It knows --release and --headless.`)
  process.exit(2)
}
const seen = hasDisplay() && !options.includes('--headless')

await leaveNothingBehind(async () => {
  await ensureToolchains()
  await ensureSystem(seen ? 'app' : 'desktop')
  await ensurePackages()
  if (!seen) await ensureTools('tauri-driver')
  await ensureFrontend()
  const app = await ensureApp({ release: options.includes('--release') })
  console.log(`Ready after ${elapsed()}.`)
  if (seen) return openForPerson(app)
  console.log('There is no display here, so Bowline is shown to itself:')
  const { walk } = await import('./journey.mjs')
  await walk(app)
  return 0
})

// Not one of our processes: a browser that the person opens from the app shall live on after it. Ctrl-C reaches it from the
// terminal by itself, as it does any program in the foreground.
function openForPerson(app) {
  const { BOWLINE_RUN: _, ...env } = process.env
  console.log('Bowline is open. It ends when its window is closed.')
  const child = spawn(app, [], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
