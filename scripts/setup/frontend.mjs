// The front end: ui/ -> ui/dist. Built only when something that it is made of has changed.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root, step } from '../steps.mjs'

const stamp = join(root, 'target/stamps/frontend')

export async function ensureFrontend() {
  await step('front end', async (run) => {
    const now = inputs()
    if (existsSync(join(root, 'ui/dist/index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now)
      return 'unchanged'
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    await run(process.execPath, [vite, 'build', '--config', 'ui/vite.config.ts', 'ui'])
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, now)
    return 'built'
  })
}

function inputs() {
  const hash = createHash('sha256')
  for (const file of [...sources(), join(root, 'package-lock.json')]) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

function sources() {
  return readdirSync(join(root, 'ui'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(root, file).startsWith(join('ui', 'dist')) && !file.endsWith('.test.ts'))
    .sort()
}
