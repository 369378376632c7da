/** Permissions of several files at once, bit by bit: on, off, or as each of them has it. Pure. */
import type { ModeChange } from '../ipc'

export type Bit = 'on' | 'off' | 'mixed'

/** By row and column of the editor. */
export const WHO = ['user', 'group', 'others'] as const
export const WHAT = ['read', 'write', 'execute'] as const
export const SPECIAL = ['setuid', 'setgid', 'sticky'] as const
export type Who = (typeof WHO)[number]
export type What = (typeof WHAT)[number]
export type Special = (typeof SPECIAL)[number]

export const bitOf = (who: Who, what: What): number => 0o400 >> (WHO.indexOf(who) * 3 + WHAT.indexOf(what))
export const specialBit = (which: Special): number => 0o4000 >> SPECIAL.indexOf(which)

const ALL = 0o7777

/** What was decided so far: bits that are set, and bits that are taken away. */
export interface Decided {
  set: number
  clear: number
}

export const UNDECIDED: Decided = { set: 0, clear: 0 }

export function bitState(modes: readonly number[], decided: Decided, bit: number): Bit {
  if (decided.set & bit) return 'on'
  if (decided.clear & bit) return 'off'
  const having = modes.filter((mode) => mode & bit).length
  if (having === 0) return 'off'
  return having === modes.length ? 'on' : 'mixed'
}

export function decide(decided: Decided, bit: number, on: boolean): Decided {
  return on ? { set: decided.set | bit, clear: decided.clear & ~bit } : { set: decided.set & ~bit, clear: decided.clear | bit }
}

/** As `chmod` takes it: three or four octal digits; null while something differs between them. */
export function octal(modes: readonly number[], decided: Decided): string | null {
  let mode = 0
  for (let bit = 1; bit <= 0o4000; bit <<= 1) {
    const state = bitState(modes, decided, bit)
    if (state === 'mixed') return null
    if (state === 'on') mode |= bit
  }
  return mode.toString(8).padStart(3, '0')
}

/** What a person typed; null for what is no mode. */
export function fromOctal(text: string): Decided | null {
  if (!/^[0-7]{3,4}$/.test(text)) return null
  const set = parseInt(text, 8)
  return { set, clear: ALL & ~set }
}

export function changeOf(decided: Decided, options: Pick<ModeChange, 'recursive' | 'only'>): ModeChange {
  return { set: decided.set, clear: decided.clear, ...options }
}
