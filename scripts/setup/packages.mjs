// npm packages, exactly as locked. Nothing is done when node_modules already holds what package-lock.json says.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, step } from '../steps.mjs'

export async function ensurePackages() {
  await step('npm packages', async (run) => {
    if (installed()) return 'as locked'
    const args = ['ci', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=warn']
    // Under `npm start` this names npm's own script, which runs the same on every system.
    const npm = process.env.npm_execpath
    if (npm) await run(process.execPath, [npm, ...args])
    else await run('npm', args)
    return 'installed'
  })
}

function installed() {
  const list = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(list)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const has = JSON.parse(readFileSync(list, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || has[path]?.version === version || (optional && !has[path]),
  )
}
