// The app: one binary that holds the front end.

import { join } from 'node:path'
import { root, step } from '../steps.mjs'

// Serves the front end from the binary instead of from Vite. Tests and lints use the same features: with others Cargo would
// build Tauri twice.
export const FEATURES = ['--features', 'tauri/custom-protocol']

/** Builds the app as a step and returns the path of its binary. A debug build is ready sooner; a release build runs faster. */
export async function ensureApp({ release = false } = {}) {
  await step(`app (${release ? 'release' : 'debug'})`, (run) => buildApp(run, { release }).then(() => ''))
  return binary({ release })
}

/** The same inside somebody else's step, whose `run` it uses. */
export async function buildApp(run, { release = false } = {}) {
  await run('cargo', ['build', '--locked', '--package', 'bowline-desktop', ...FEATURES, ...(release ? ['--release'] : [])])
  return binary({ release })
}

function binary({ release }) {
  const name = process.platform === 'win32' ? 'bowline-desktop.exe' : 'bowline-desktop'
  return join(root, process.env.CARGO_TARGET_DIR ?? 'target', release ? 'release' : 'debug', name)
}
