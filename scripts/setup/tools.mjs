// Programs of the Rust world that the tests need, built once into target/tools.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root, step } from '../steps.mjs'

const folder = join(root, 'target/tools')

// `oldest` is what we accept when it is on PATH already; `version` is what we build.
const TOOLS = {
  'cargo-nextest': {
    version: '0.9.143',
    oldest: '0.9.100',
    args: ['--no-default-features', '--features', 'default-no-update'],
    asks: ['nextest', '--version'],
  },
  'cargo-deny': { version: '0.20.2', oldest: '0.18.0', args: [], asks: ['--version'] },
  'tauri-driver': { version: '2.1.0', oldest: '2.0.0', args: [], asks: null },
}

// A tool that runs for a second need not be optimised for a minute.
const QUICK_BUILD = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
  CARGO_PROFILE_RELEASE_STRIP: 'none',
}

/** Puts target/tools on PATH for everything that follows, and builds what is missing there. */
export async function ensureTools(...names) {
  const bin = join(folder, 'bin')
  if (!process.env.PATH.split(delimiter).includes(bin)) process.env.PATH = [bin, process.env.PATH].join(delimiter)
  for (const name of names) {
    if (suitable(name)) continue
    const { version, args } = TOOLS[name]
    await step(`build ${name} ${version}`, async (run) => {
      const place = ['--root', folder, '--target-dir', join(root, 'target/tools-build')]
      await run('cargo', ['install', '--locked', name, '--version', version, ...place, ...args], {
        env: { ...process.env, ...QUICK_BUILD },
      })
    })
  }
}

function suitable(name) {
  const { version, oldest, asks } = TOOLS[name]
  // tauri-driver does not tell its version: ours is in the list that cargo keeps beside it.
  if (asks === null) {
    const list = spawnSync('cargo', ['install', '--list', '--root', folder], { encoding: 'utf8' }).stdout ?? ''
    return (
      list.includes(`${name} v${version}`) && existsSync(join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name))
    )
  }
  const said = spawnSync(name, asks, { encoding: 'utf8' }).stdout ?? ''
  const has = /(\d+)\.(\d+)\.(\d+)/.exec(said)?.slice(1).map(Number)
  const least = oldest.split('.').map(Number)
  return has !== undefined && (has[0] - least[0] || has[1] - least[1] || has[2] - least[2]) >= 0
}
