/** `{{name}}` and `{{name:default}}` in a snippet. Whatever else stands in braces is text. */

export interface Placeholder {
  name: string
  /** Proposed at first. */
  usual: string
}

/** A name is a few words; a default ends with the braces or the line. Neither can hold braces, so that a search never goes back far. */
const PLACEHOLDER = /\{\{ ?([\p{L}\p{N}_](?:[\p{L}\p{N}_ .-]{0,38}[\p{L}\p{N}_])?) ?(?::([^{}\n]{0,500}))?\}\}/gu

/** More fields than that nobody fills in; the rest stays text. */
const PLACEHOLDERS_MAX = 30

/** Each name once, in order; the first default of a name counts. */
export function placeholdersOf(text: string): Placeholder[] {
  const found = new Map<string, string | undefined>()
  for (const [, name = '', usual] of text.matchAll(PLACEHOLDER)) {
    if (found.size === PLACEHOLDERS_MAX && !found.has(name)) break
    found.set(name, found.get(name) ?? usual)
  }
  return [...found].map(([name, usual]) => ({ name, usual: usual ?? '' }))
}

/** The text with values in the places of their names, as they are: a value that looks like a placeholder is not filled in again. */
export function fillIn(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(PLACEHOLDER, (whole, name: string) => values.get(name) ?? whole)
}
