/** The size of a picture in a file, in base64 as iTerm2 has it: `file.rs` of the engine, step by step. */
import { CELL, type Pixels } from './size'

/** Where the size is looked for, in characters: behind the preview that a camera puts first. */
const SEARCH_CHARS = 128 * 1024
/** What a file is described with before its data. */
const HEADER_CHARS = 1024
/** PNG says its size here. */
const HEAD_BYTES = 24
/** GIF has its mark and its logical screen here. */
const GIF_HEAD_BYTES = 13

type Wish = { in: 'auto' } | { in: 'cells' | 'pixels' | 'percent'; number: number }

/** Where in the file: its beginning, before the first picture of a GIF, or between and in the segments of a JPEG. */
type Search =
  | { at: 'head'; bytes: number[] }
  | { at: 'gif'; screen: Pixels; gif: Gif }
  | { at: 'marker'; begun: boolean }
  | { at: 'length'; marker: number; high: number | null }
  | { at: 'skip'; rest: number }
  | { at: 'frame'; bytes: number[] }
  | { at: 'found'; size: Pixels }
  | { at: 'failed' }

/** Where in a GIF (GIF89a specification, chapters 18 to 24). */
type Gif =
  | { at: 'table'; rest: number }
  | { at: 'block' }
  | { at: 'label' }
  | { at: 'subBlock' }
  | { at: 'skip'; rest: number }
  | { at: 'frame'; bytes: number[] }

const FAILED: Search = { at: 'failed' }

export type FileKind = 'image/png' | 'image/jpeg' | 'image/gif'

export class FileSize {
  #search: Search = { at: 'head', bytes: [] }
  #chars = 0
  /** What is left of the last characters: fewer than 8 bits. */
  #bits = 0
  #bitsLength = 0

  private constructor(
    private readonly width: Wish,
    private readonly height: Wish,
    private readonly keepsShape: boolean,
  ) {}

  /** Reads `File=name=...;inline=1`; null for what is not to be shown. */
  static read(header: string): FileSize | null {
    if (!header.startsWith('File=') || [...header].length > HEADER_CHARS) return null
    let width: Wish | null = { in: 'auto' }
    let height: Wish | null = { in: 'auto' }
    let keepsShape = true
    let inline = false
    for (const field of header.slice('File='.length).split(';')) {
      const equals = field.indexOf('=')
      if (equals < 0) continue
      const value = field.slice(equals + 1)
      const key = field.slice(0, equals)
      if (key === 'inline') inline = value === '1'
      else if (key === 'preserveAspectRatio') keepsShape = value !== '0'
      else if (key === 'width') width = wish(value)
      else if (key === 'height') height = wish(value)
      if (!width || !height) return null
    }
    return inline ? new FileSize(width, height, keepsShape) : null
  }

  get isUndecided(): boolean {
    return this.#search.at !== 'found' && this.#search.at !== 'failed'
  }

  /** The size that the file has. */
  get size(): Pixels | null {
    return this.#search.at === 'found' ? this.#search.size : null
  }

  take(code: number): void {
    if (!this.isUndecided) return
    if (++this.#chars > SEARCH_CHARS || code >= 0x80) {
      this.#search = FAILED
      return
    }
    const value = base64Value(code)
    if (value < 0) return
    this.#bits = ((this.#bits << 6) | value) & 0xffff
    this.#bitsLength += 6
    if (this.#bitsLength < 8) return
    this.#bitsLength -= 8
    this.#search = next(this.#search, (this.#bits >> this.#bitsLength) & 0xff)
  }

  /** The size that it is shown in on a screen of so many pixels. */
  shown({ width, height }: Pixels, screen: Pixels): Pixels {
    const wide = pixels(this.width, screen.width, CELL.width)
    const high = pixels(this.height, screen.height, CELL.height)
    const fitted = (most: Pixels) =>
      width * most.height > height * most.width
        ? { width: most.width, height: part(height, most.width, width) }
        : { width: part(width, most.height, height), height: most.height }
    if (wide !== null && high !== null)
      return this.keepsShape ? fitted({ width: wide, height: high }) : { width: wide, height: high }
    if (wide !== null) return { width: wide, height: part(height, wide, width) }
    if (high !== null) return { width: part(width, high, height), height: high }
    // A line is left for what follows.
    const most = { width: screen.width, height: Math.max(screen.height - CELL.height, CELL.height) }
    return width <= most.width && height <= most.height ? { width, height } : fitted(most)
  }
}

function wish(value: string): Wish | null {
  if (value === 'auto') return { in: 'auto' }
  const [, digits, unit] = /^([0-9]{1,6})(px|%|)$/.exec(value) ?? []
  if (digits === undefined) return null
  return { in: unit === 'px' ? 'pixels' : unit === '%' ? 'percent' : 'cells', number: Number(digits) }
}

function pixels(wish: Wish, whole: number, cell: number): number | null {
  if (wish.in === 'auto') return null
  const wanted = { cells: wish.number * cell, pixels: wish.number, percent: part(whole, wish.number, 100) }[wish.in]
  // None at all means: as it is.
  return wanted > 0 ? wanted : null
}

/** `number * times / of`, at least 1. */
function part(number: number, times: number, of: number): number {
  return Math.max(1, Math.floor((number * times) / of))
}

/** -1 for what is no digit of base64. */
export function base64Value(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41
  if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52
  return code === 0x2b ? 62 : code === 0x2f ? 63 : -1
}

const MAGIC = {
  'image/png': [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  'image/gif': ['87a', '89a'].map((version) => [...`GIF${version}`].map((letter) => letter.charCodeAt(0))),
  'image/jpeg': [[0xff, 0xd8]],
} as const

/** What a file may be by its first bytes; all of them where there are fewer than its mark has. */
export function fileKind(bytes: ArrayLike<number>): FileKind | null {
  const begins = (magic: readonly number[]) => magic.every((byte, at) => at >= bytes.length || bytes[at] === byte)
  const kinds = Object.keys(MAGIC) as FileKind[]
  return kinds.find((kind) => MAGIC[kind].some(begins)) ?? null
}

function next(search: Search, byte: number): Search {
  switch (search.at) {
    case 'head':
      search.bytes.push(byte)
      return sniff(search.bytes)
    case 'gif':
      return nextInGif(search.screen, search.gif, byte)
    case 'marker':
      return marker(search.begun, byte)
    case 'length':
      return search.high === null ? { ...search, high: byte } : segment(search.marker, ((search.high << 8) | byte) - 2)
    case 'skip':
      return search.rest === 1 ? { at: 'marker', begun: false } : { at: 'skip', rest: search.rest - 1 }
    case 'frame': {
      search.bytes.push(byte)
      const [, high = 0, low = 0, wideHigh = 0, wideLow = 0] = search.bytes
      return search.bytes.length < 5 ? search : found((wideHigh << 8) | wideLow, (high << 8) | low)
    }
    case 'found':
    case 'failed':
      return search
  }
}

function sniff(bytes: number[]): Search {
  const byte = (at: number) => bytes[at] ?? 0
  switch (fileKind(bytes)) {
    case 'image/png': {
      if (bytes.length < HEAD_BYTES) return { at: 'head', bytes }
      if (String.fromCharCode(...bytes.slice(12, 16)) !== 'IHDR') return FAILED
      const number = (at: number) => bytes.slice(at, at + 4).reduce((all, part) => all * 256 + part, 0)
      return found(number(16), number(20))
    }
    case 'image/gif': {
      if (bytes.length < GIF_HEAD_BYTES) return { at: 'head', bytes }
      const screen = { width: byte(6) | (byte(7) << 8), height: byte(8) | (byte(9) << 8) }
      // The table of colours, if there is one, has three bytes for each.
      const rest = byte(10) & 0x80 ? 3 << ((byte(10) & 7) + 1) : 0
      return { at: 'gif', screen, gif: rest > 0 ? { at: 'table', rest } : { at: 'block' } }
    }
    case 'image/jpeg':
      return bytes.length < 2 ? { at: 'head', bytes } : { at: 'marker', begun: false }
    case null:
      return FAILED
  }
}

/** A web view makes a GIF as large as its first picture: one that reaches beyond what the file says of itself is refused. */
function nextInGif(screen: Pixels, gif: Gif, byte: number): Search {
  const go = (gif: Gif): Search => ({ at: 'gif', screen, gif })
  switch (gif.at) {
    case 'table':
      return go(gif.rest === 1 ? { at: 'block' } : { at: 'table', rest: gif.rest - 1 })
    case 'block':
      if (byte === 0x2c) return go({ at: 'frame', bytes: [] })
      return byte === 0x21 ? go({ at: 'label' }) : FAILED
    case 'label':
      return go({ at: 'subBlock' })
    case 'subBlock':
      return go(byte === 0 ? { at: 'block' } : { at: 'skip', rest: byte })
    case 'skip':
      return go(gif.rest === 1 ? { at: 'subBlock' } : { at: 'skip', rest: gif.rest - 1 })
    case 'frame': {
      gif.bytes.push(byte)
      if (gif.bytes.length < 8) return go(gif)
      const number = (at: number) => (gif.bytes[at] ?? 0) | ((gif.bytes[at + 1] ?? 0) << 8)
      const isInside = number(0) + number(4) <= screen.width && number(2) + number(6) <= screen.height
      return isInside ? found(screen.width, screen.height) : FAILED
    }
  }
}

/** Between the segments of a JPEG (ITU-T T.81, annex B). */
function marker(begun: boolean, byte: number): Search {
  if (!begun) return byte === 0xff ? { at: 'marker', begun: true } : FAILED
  if (byte === 0xff) return { at: 'marker', begun: true }
  // Without a segment behind it.
  if (byte === 0x01 || (byte >= 0xd0 && byte <= 0xd8)) return { at: 'marker', begun: false }
  // The picture itself, and its end.
  if (byte === 0x00 || byte === 0xd9 || byte === 0xda) return FAILED
  return { at: 'length', marker: byte, high: null }
}

function segment(marker: number, length: number): Search {
  if (length < 0) return FAILED
  const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
  if (isFrame) return { at: 'frame', bytes: [] }
  return length === 0 ? { at: 'marker', begun: false } : { at: 'skip', rest: length }
}

function found(width: number, height: number): Search {
  return width === 0 || height === 0 ? FAILED : { at: 'found', size: { width, height } }
}
