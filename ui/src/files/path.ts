/**
 * Paths on hosts as the engine writes them (`files/path_text.rs`): text, with characters of a private plane for bytes that are no
 * text. They are taken apart and put together as they are, and only ever shown through `shownPath`. Pure.
 */

/** The first of the characters that stand for one byte each. */
const FIRST_BYTE = 0x10fe00

/** Characters that show nothing, or make others show elsewhere than they stand: as in the engine's SFTP client (`name.rs`). */
const HIDDEN =
  /[\p{Cc}\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}\u{e0000}-\u{e007f}\u{10fe00}-\u{10feff}\\]/gu

/** A path or name fit to be shown; different ones never look the same. */
export function shownPath(path: string): string {
  return path.replace(HIDDEN, (character) => {
    if (character === '\\') return '\\\\'
    const code = character.codePointAt(0) ?? 0
    if (code >= FIRST_BYTE) return `\\x${(code - FIRST_BYTE).toString(16).padStart(2, '0')}`
    return `\\u{${code.toString(16)}}`
  })
}

/** A path of this computer as other programs take it (RFC 8089); bytes that are no text stand there as such. */
export function fileUri(path: string): string {
  const encode = (character: string): string => {
    const code = character.codePointAt(0) ?? 0
    if (code >= FIRST_BYTE && code < FIRST_BYTE + 0x100)
      return `%${(code - FIRST_BYTE).toString(16).padStart(2, '0').toUpperCase()}`
    return character === '/' ? character : encodeURIComponent(character)
  }
  return `file://${[...path].map(encode).join('')}`
}

export function joinPath(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
}

/** The folder that a path lies in; nothing for `/`. */
export function parentPath(path: string): string | null {
  const whole = path.replace(/\/+$/, '')
  if (whole === '') return null
  const slash = whole.lastIndexOf('/')
  return slash <= 0 ? '/' : whole.slice(0, slash)
}

export function fileName(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? ''
}

export interface Crumb {
  path: string
  shown: string
}

/** The folders that lead to a path, from `/` on. */
export function crumbs(path: string): Crumb[] {
  const found: Crumb[] = [{ path: '/', shown: '/' }]
  let at = ''
  for (const part of path.split('/')) {
    if (part === '') continue
    at += `/${part}`
    found.push({ path: at, shown: shownPath(part) })
  }
  return found
}

/** A path as it is shown, back as it is. A backslash before anything else is one that a person has typed. */
export function fromShown(text: string): string {
  return text.replace(/\\(?:\\|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})/gu, (whole, byte?: string, code?: string) => {
    if (byte !== undefined) return String.fromCodePoint(FIRST_BYTE + parseInt(byte, 16))
    if (code === undefined) return '\\'
    const point = parseInt(code, 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}

/** What a person typed into the path bar, as a path: relative to the folder that is shown. */
export function typedPath(shown: string, folder: string): string {
  const text = fromShown(shown.trim())
  if (text === '' || text.startsWith('/') || text === '~' || text.startsWith('~/')) return text
  return joinPath(folder, text)
}

/** What the name of a new or renamed file lacks, if anything. */
export function nameProblem(name: string): 'empty' | 'dots' | 'slash' | null {
  if (name === '') return 'empty'
  if (name === '.' || name === '..') return 'dots'
  return name.includes('/') || name.includes('\0') ? 'slash' : null
}
