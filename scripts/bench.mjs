// `npm run bench`: the budgets of the window, measured in a release build under Xvfb. Prints figures; fails only when
// something cannot be measured. `npm run bench -- --runs 5 --megabytes 64` are the defaults.
// `npm run bench -- terminal`: the terminal beside xterm, alacritty, kitty and PuTTY, as far as they are installed.
// `npm run bench -- engine`: the budgets of the engine alone, against real servers and other clients.

import { join } from 'node:path'
import { leaveNothingBehind, start } from './processes.mjs'
import { ensureApp } from './setup/app.mjs'
import { ensureFrontend } from './setup/frontend.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { ensureSystem, ensureToolchains } from './setup/system.mjs'
import { ensureTools } from './setup/tools.mjs'

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}

await leaveNothingBehind(async () => {
  await ensureToolchains()
  await ensureSystem('tests')
  if (process.argv.includes('engine')) {
    const args = ['bench', '--locked', '-p', 'bowline-tests', '--bench', 'engine']
    const { code } = await start('cargo', args, { stdio: 'inherit' }).ended
    return code ?? 1
  }
  await ensurePackages()
  await ensureTools('tauri-driver')
  await ensureFrontend()
  const application = await ensureApp({ release: true })
  if (process.argv.includes('terminal')) {
    const build = ['build', '--release', '--locked', '-p', 'bowline-tests', '--example', 'key-to-pixel']
    if ((await start('cargo', build, { stdio: 'inherit' }).ended).code !== 0) return 1
    const tool = join(import.meta.dirname, '../target/release/examples/key-to-pixel')
    const { bench } = await import('../tests/bench/terminal.mjs')
    const [megabytes, keys, terminals] = [option('megabytes', 256), option('keys', 200), option('terminals', 100)]
    await bench(application, { tool, megabytes, keys, terminals })
    return 0
  }
  const { bench } = await import('../tests/bench/window.mjs')
  await bench(application, { runs: option('runs', 5), megabytes: option('megabytes', 64) })
  return 0
})
