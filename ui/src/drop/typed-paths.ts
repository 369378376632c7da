/** Paths as a person would type them into a shell. */
import type { Platform } from '../workspace/platform'

const PLAIN = /^[\w@%+=:,./\-\u00a1-\ufffd]+$/
// eslint-disable-next-line no-control-regex -- a name may hold them
const CONTROL = /[\x00-\x1f\x7f]/

/** With a space behind the last one, so that one can type on. */
export function typedPaths(paths: readonly string[], platform: Platform): string {
  const quote = platform === 'windows' ? quotedForWindows : quotedForSh
  return paths.map((path) => `${quote(path)} `).join('')
}

function quotedForSh(path: string): string {
  if (PLAIN.test(path)) return path
  if (!CONTROL.test(path)) return `'${path.replaceAll("'", String.raw`'\''`)}'`
  // A line break in a name must not end the line: bash, zsh and ksh read it so.
  const escaped = [...path].map((character) => {
    if (character === '\\' || character === "'") return `\\${character}`
    return CONTROL.test(character) ? `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}` : character
  })
  return `$'${escaped.join('')}'`
}

/** No name holds a plain quote there. PowerShell takes curved ones for it and `$` for a beginning; cmd would not find such a file. */
function quotedForWindows(path: string): string {
  return /^[\w:\\.-]+$/.test(path) ? path : `"${path.replaceAll(/[`$\u201c-\u201e]/g, '`$&')}"`
}
