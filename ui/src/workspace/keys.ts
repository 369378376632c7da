/**
 * Key chords: how an action writes them (`Mod+Shift+P`), how a key press is matched, and how a person reads them.
 *
 * `Mod` is Cmd on macOS and Ctrl elsewhere; `Ctrl`, `Alt`, `Shift` and `Meta` mean themselves. The last part is a letter, a
 * digit or the name of a key as in `KeyboardEvent.key` (`Tab`, `PageUp`, `F2`, `Insert`, `Plus`, `,`).
 */
import type { Platform } from './platform'

/** One chord, several, or others on macOS than elsewhere. */
export type Keys = string | readonly string[] | { mac: string | readonly string[]; other: string | readonly string[] }

export interface Chord {
  ctrl: boolean
  alt: boolean
  shift: boolean
  meta: boolean
  /** Upper case for letters. */
  key: string
}

/** What a key press tells: the part of `KeyboardEvent` that decides. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey'>

export function parseChord(text: string, platform: Platform): Chord {
  const parts = text.split('+')
  const key = parts.pop() ?? ''
  const has = (name: string) => parts.includes(name)
  const mac = platform === 'macos'
  return {
    ctrl: has('Ctrl') || (has('Mod') && !mac),
    alt: has('Alt'),
    shift: has('Shift'),
    meta: has('Meta') || has('Cmd') || (has('Mod') && mac),
    key: key.length === 1 ? key.toUpperCase() : key,
  }
}

export function chordsOf(keys: Keys | undefined, platform: Platform): Chord[] {
  if (keys === undefined) return []
  const own = typeof keys === 'object' && 'mac' in keys ? (platform === 'macos' ? keys.mac : keys.other) : keys
  const list = typeof own === 'string' ? [own] : own
  return list.map((text) => parseChord(text, platform))
}

/**
 * The chord of a key press. The physical key decides where the layout writes no Latin letter (Cyrillic, Greek) and for digits,
 * which Alt and Shift turn into other characters.
 */
export function chordOf(press: KeyPress): Chord {
  return {
    ctrl: press.ctrlKey,
    alt: press.altKey,
    shift: press.shiftKey,
    meta: press.metaKey,
    key: keyName(press),
  }
}

function keyName({ key, code }: KeyPress): string {
  const digit = /^Digit([0-9])$/.exec(code)?.[1]
  if (digit !== undefined) return digit
  if (/^[a-z]$/i.test(key)) return key.toUpperCase()
  const letter = /^Key([A-Z])$/.exec(code)?.[1]
  if (letter !== undefined) return letter
  // Ctrl+= is meant as Ctrl++ where the plus sign needs Shift.
  if (key === '+' || key === '=') return 'Plus'
  if (key === '-') return 'Minus'
  // X and Wayland have a key of its own for Tab with Shift, which WebKitGTK does not name.
  if (code === 'Tab') return 'Tab'
  return key
}

export function sameChord(a: Chord, b: Chord): boolean {
  // Plus needs Shift on many layouts and none on others.
  const shift = a.shift === b.shift || a.key === 'Plus'
  return a.key === b.key && a.ctrl === b.ctrl && a.alt === b.alt && a.meta === b.meta && shift
}

const NAVIGATION = new Set(['Tab', 'PageUp', 'PageDown', 'Insert', 'Plus', 'Minus', '0', ','])

/**
 * Whether the window may take this chord while a terminal has the focus. Everything else belongs to the program in it:
 * Ctrl+letter, the function keys, Alt+letter, the arrows.
 */
export function takenFromTerminal(chord: Chord, platform: Platform): boolean {
  if (platform === 'macos' && chord.meta) return true
  if (chord.ctrl && chord.shift) return true
  if (chord.ctrl && !chord.alt && NAVIGATION.has(chord.key)) return true
  if (chord.shift && !chord.alt && chord.key === 'Insert') return true
  return chord.alt && !chord.ctrl && !chord.shift && /^[1-9]$/.test(chord.key)
}

const NAMES: Record<string, string> = {
  Plus: '+',
  Minus: '−',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
}

/** The parts a person reads, one for each key cap: `Ctrl`, `Shift`, `P`, or `⇧⌘P` as one part on macOS. */
export function keyCaps(chord: Chord, platform: Platform): string[] {
  const key = NAMES[chord.key] ?? chord.key
  if (platform === 'macos') {
    const signs = (chord.ctrl ? '⌃' : '') + (chord.alt ? '⌥' : '') + (chord.shift ? '⇧' : '') + (chord.meta ? '⌘' : '')
    return [signs + key]
  }
  const caps: string[] = []
  if (chord.ctrl) caps.push('Ctrl')
  if (chord.alt) caps.push('Alt')
  if (chord.shift) caps.push('Shift')
  if (chord.meta) caps.push('Super')
  return [...caps, key]
}

/** For `aria-keyshortcuts`. */
export function ariaKeys(chord: Chord): string {
  const parts: string[] = []
  if (chord.ctrl) parts.push('Control')
  if (chord.alt) parts.push('Alt')
  if (chord.shift) parts.push('Shift')
  if (chord.meta) parts.push('Meta')
  return [...parts, chord.key].join('+')
}
