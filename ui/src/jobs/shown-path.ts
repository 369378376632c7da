/** Paths and names as a person sees them. They come from anywhere: what cannot be seen, and bytes that are no text, are written out. */
import { isKnown, placeName } from '../files/place'
import { t } from '../i18n'
import type { JobEnd, JobView } from '../ipc'

/** The engine's stand-ins for bytes that are no UTF-8 (`files/path_text.rs`). */
const FIRST_STAND_IN = 0x10fe00
const NOT_PLAIN = /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2064\u2066-\u2069\uFEFF\u{10FE00}-\u{10FEFF}]/gu

export function shownPath(path: string): string {
  return path.replace(NOT_PLAIN, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code >= FIRST_STAND_IN) return `\\x${hex(code - FIRST_STAND_IN, 2)}`
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
  })
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

/** `web-01:/srv/www`, or the path alone on this computer. */
export function shownEnd(end: JobEnd): string {
  const path = shownPath(end.path)
  return end.at === 'here' ? path : `${shownPlace(end)}:${path}`
}

/** Whose files they are, within a sentence. */
export function shownPlace(end: JobEnd): string {
  if (end.at === 'here') return t('jobs.here')
  return isKnown(end.hostId) ? placeName(end.hostId) : t('jobs.someHost')
}

/** The folder that something comes from, as its name is said beside it; of a sync that folder itself. */
export function shownFrom({ from, name, sync }: Pick<JobView, 'from' | 'name' | 'sync'>): string {
  if (sync) return shownEnd(from)
  const tail = `/${name}`
  const shown = shownPath(from.path)
  const path = shown.endsWith(tail) ? shown.slice(0, -tail.length) || '/' : shown
  return shownEnd({ ...from, path })
}
