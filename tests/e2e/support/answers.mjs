// What a terminal sends by itself when a program asks it something.

import assert from 'node:assert/strict'
import { command } from './window.mjs'

let asked = 0

/** What the terminal in front sends by itself for a sequence, as text. `options` are those of `command`. */
export async function answerTo(app, sequence, options) {
  asked += 1
  const end = `end-of-answer-${asked * 7}`
  const rows = await command(
    app,
    `clear; stty raw -echo min 0 time 10; printf '${sequence}'; dd bs=4096 count=1 2>/dev/null | base64 -w0 > answer; stty sane; printf '\\n<%s>\\n' "$(cat answer)"; echo end-of-answer-$((${asked} * 7))`,
    new RegExp(`^${end}$`, 'm'),
    options,
  )
  const found = /<([A-Za-z0-9+/=]*)>\n*end-of/.exec(rows.join('\n'))
  assert.ok(found, rows.join('\n'))
  return Buffer.from(found[1], 'base64').toString('latin1')
}
