/**
 * What a program on a server puts on the clipboard (OSC 52). It is asked about once for each host, a request is bounded and
 * checked, and many of them are one question. A request to *read* the clipboard is never answered.
 */

/** Decoded. More is no text that a person copied. */
export const WRITE_MAX_BYTES = 1024 * 1024

/** What comes so soon after an answer, or after the request before, belongs to the same flood. */
export const FLOOD_MS = 1000

/** Where writing is allowed it happens no more often than this. */
export const PAUSE_MS = 100

/** Of the text that is asked about. */
const PREVIEW_CHARACTERS = 120

/** The selections of xterm: clipboard, primary, secondary, select and the cut buffers. */
const SELECTIONS = /^[cpqs0-7]{0,10}$/

/** Those that are the desktop's clipboard; no name means xterm's own choice, which is it as well. */
const CLIPBOARD = /[cs]/

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** The text that an OSC 52 wants on the clipboard; undefined when it asks for anything else, or is not in order. */
export function clipboardText(payload: string): string | undefined {
  const at = payload.indexOf(';')
  if (at < 0) return undefined
  const [selections, data] = [payload.slice(0, at), payload.slice(at + 1)]
  if (!SELECTIONS.test(selections) || (selections !== '' && !CLIPBOARD.test(selections))) return undefined
  // A question mark asks for what is on the clipboard; nothing empties it.
  if (data === '' || data.length > Math.ceil(WRITE_MAX_BYTES / 3) * 4 || !BASE64.test(data)) return undefined
  try {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
    if (bytes.length > WRITE_MAX_BYTES) return undefined
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

export interface ClipboardQuestion {
  /** Characters of the newest request. */
  length: number
  /** Its beginning, on one line, with controls and marks of direction made visible. */
  preview: string
  /** Further requests that came while it was open. */
  more: number
}

export type ClipboardAnswer = 'once' | 'always' | 'never' | 'later'

/** What is known about a host: not asked yet, or answered for good. */
export type ClipboardRule = 'ask' | 'always' | 'never'

export interface ClipboardUse {
  rule: () => ClipboardRule
  remember: (rule: 'always' | 'never') => void
  write: (text: string) => void
  show: (question: ClipboardQuestion | null) => void
  now: () => number
}

const INVISIBLE = /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/gu

function previewOf(text: string): string {
  const start = Array.from(text.slice(0, PREVIEW_CHARACTERS * 2))
    .slice(0, PREVIEW_CHARACTERS)
    .join('')
  const visible = start.replace(/\r\n|\r|\n/g, '⏎').replace(INVISIBLE, '\uFFFD')
  return start.length < text.length ? `${visible}…` : visible
}

/** The requests of one terminal. */
export class ClipboardWrites {
  #asked: { text: string; more: number } | undefined
  #quietUntil = -Infinity
  #pause: ReturnType<typeof setTimeout> | undefined
  /** What is written when the pause is over. */
  #next: string | undefined

  constructor(private readonly use: ClipboardUse) {}

  /** A whole OSC 52. */
  request(payload: string): void {
    const rule = this.use.rule()
    if (rule === 'never' || (rule === 'ask' && this.use.now() < this.#quietUntil)) return
    const text = clipboardText(payload)
    if (text === undefined) return
    if (rule === 'always') return this.#writeSeldom(text)
    // The newest one counts, as it would on the clipboard.
    this.#asked = { text, more: this.#asked ? this.#asked.more + 1 : 0 }
    this.use.show({ length: Array.from(text).length, preview: previewOf(text), more: this.#asked.more })
  }

  answer(answer: ClipboardAnswer): void {
    const asked = this.#asked
    this.withdraw()
    if (!asked) return
    // Whoever does not want to decide is left in peace by this terminal; what is decided for good holds until it is taken back.
    if (answer === 'later') this.#quietUntil = Infinity
    if (answer === 'once') this.#quietUntil = this.use.now() + FLOOD_MS
    if (answer === 'always' || answer === 'never') this.use.remember(answer)
    if (answer === 'once' || answer === 'always') this.use.write(asked.text)
  }

  #writeSeldom(text: string): void {
    if (this.#pause !== undefined) {
      this.#next = text
      return
    }
    this.use.write(text)
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      const next = this.#next
      this.#next = undefined
      if (next !== undefined) this.#writeSeldom(next)
    }, PAUSE_MS)
  }

  dispose(): void {
    clearTimeout(this.#pause)
    this.withdraw()
  }

  /** The terminal has ended, or another program runs in it. */
  withdraw(): void {
    if (!this.#asked) return
    this.#asked = undefined
    this.use.show(null)
  }
}
