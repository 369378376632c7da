// Looking for what must be in a file, or in none.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files below a folder that hold a text, as it is or in base64, in any of them. Sockets and pipes are passed over. */
export function filesThatHold(folder, text) {
  const wanted = [text, Buffer.from(text).toString('base64').replace(/=+$/, ''), Buffer.from(text, 'utf8').toString('utf16le')]
  const found = []
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const content = readFileSync(path)
    if (wanted.some((one) => content.includes(one))) found.push(path)
  }
  return found
}

/** Whether the desktop's known_hosts trusts an ed25519 key at a port of loopback, also under a hashed name. */
export function isTrusted(desktop, port) {
  const file = join(desktop.home, '.ssh/known_hosts')
  const { stdout } = spawnSync('ssh-keygen', ['-F', `[127.0.0.1]:${port}`, '-f', file], { encoding: 'utf8' })
  return stdout.includes(' ssh-ed25519 ')
}
