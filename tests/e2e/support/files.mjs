// Looking for what must be in no file.

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
