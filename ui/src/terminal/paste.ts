/**
 * What a paste may contain. A page can put anything on the clipboard; in a terminal, control characters are commands, and a
 * bracketed paste that holds its own end marker escapes from its brackets.
 */

/** The markers of a bracketed paste, in their 7-bit and 8-bit forms. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const BRACKETS = /(?:\x1b\[|\x9b)20[01]~/g

/** C0 but tab and carriage return, DEL, and C1 (which 8-bit terminals obey like ESC). */
// eslint-disable-next-line no-control-regex -- as above
const CONTROLS = /[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f-\x9f]/g

/** Text as it may go to a terminal: lines end with CR as the Enter key does, and no control character but tab is left. */
export function sanitisePaste(text: string): string {
  return text
    .replace(/\r\n|\n/g, '\r')
    .replace(BRACKETS, '')
    .replace(CONTROLS, '')
}

/** Between brackets if the program asked for it (DECSET 2004). */
export function bracketPaste(sanitised: string, bracketed: boolean): string {
  return bracketed ? `\x1b[200~${sanitised}\x1b[201~` : sanitised
}

export interface PastePreview {
  lines: number
  characters: number
  /** The beginning, to be looked at before it runs. */
  text: string
}

const PREVIEW_LINES = 12
const PREVIEW_CHARACTERS = 2000

/** What to ask about first: without brackets, each line break runs the line before it. Undefined when there is nothing to ask. */
export function previewPaste(sanitised: string, bracketed: boolean): PastePreview | undefined {
  if (bracketed || !sanitised.includes('\r')) return undefined
  const lines = sanitised.replace(/\r+$/, '').split('\r')
  const text = lines.slice(0, PREVIEW_LINES).join('\n').slice(0, PREVIEW_CHARACTERS)
  const whole = lines.length <= PREVIEW_LINES && text.length === lines.join('\n').length
  return { lines: lines.length, characters: sanitised.length, text: whole ? text : `${text}\n…` }
}
