/** Xterm.js as the window sets it up, and everything that it knows about its screen, readable. */
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { Terminal } from '@xterm/headless'
import { limitSequences } from '../../ui/src/terminal/limits'
import { answerModeRequests } from '../../ui/src/terminal/mode-reports'
import type { Size } from './engine'

/** What is read of the private part of xterm.js 6.0.0. */
interface Attributes {
  fg: number
  bg: number
  extended: { underlineStyle: number; underlineColor: number; urlId: number }
}

interface Cell extends Attributes {
  getChars: () => string
  getWidth: () => number
  isInvisible: () => number
}

interface Line {
  length: number
  isWrapped: boolean
  loadCell: (x: number, cell: Cell) => Cell
}

interface Page {
  lines: { length: number; get: (y: number) => Line }
  x: number
  y: number
  ybase: number
  scrollTop: number
  scrollBottom: number
  tabs: Record<number, boolean | undefined>
  savedX: number
  savedY: number
  savedCurAttrData: Attributes
  savedCharset: Record<string, string> | undefined
}

interface Core {
  buffers: { normal: Page; alt: Page; active: Page }
  coreService: { decPrivateModes: Record<string, unknown>; modes: { insertMode: boolean }; isCursorHidden: boolean }
  coreMouseService: { activeProtocol: string; activeEncoding: string }
  _charsetService: { glevel: number; charset: object | undefined; _charsets: (object | undefined)[] }
  _inputHandler: { _curAttrData: Attributes; _parser: { precedingJoinState: number } }
  _oscLinkService: { getLinkData: (id: number) => { uri: string } | undefined }
}

const core = (terminal: Terminal) => (terminal as unknown as { _core: Core })._core

const INVERSE = 1 << 26
const UNDERLINE = 1 << 28
const STRIKE = 1 << 31
const EXTENDED = 1 << 28
const OVERLINE = 1 << 30
const COLOUR = 0x3ffffff
const RGB = 0x3000000

export interface Window {
  terminal: Terminal
  /** What it was called last. */
  title: () => string
  /** What it answered since this was asked last. */
  answers: () => string
  write: (bytes: Uint8Array | string) => Promise<void>
}

export function newWindow({ cols, rows }: Size): Window {
  const terminal = new Terminal({
    cols,
    rows,
    scrollback: 10_000,
    scrollOnEraseInDisplay: true,
    allowProposedApi: true,
    windowOptions: {},
    logLevel: 'off',
  })
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  // The part of xterm.js that these reach is the same in both of its builds.
  const shown = terminal as unknown as Parameters<typeof limitSequences>[0]
  limitSequences(shown)
  answerModeRequests(shown)
  let title = ''
  let answers = ''
  terminal.onTitleChange((text) => (title = text))
  terminal.onData((text) => (answers += text))
  return {
    terminal,
    title: () => title,
    answers: () => {
      const text = answers
      answers = ''
      return text
    },
    write: (bytes) => new Promise((resolve) => terminal.write(bytes, resolve)),
  }
}

function link(terminal: Terminal, { extended: { urlId } }: Attributes): string {
  return urlId ? (core(terminal)._oscLinkService.getLinkData(urlId)?.uri ?? '') : ''
}

function underline({ fg, bg, extended }: Attributes): string {
  if (!(fg & UNDERLINE)) return ''
  if (!(bg & EXTENDED) || extended.underlineStyle === 0) return '1'
  // SGR 59 leaves white there, which cannot be told from white (`differences.test.ts`).
  const colour = extended.underlineColor === (RGB | 0xffffff) ? 0 : extended.underlineColor
  return extended.underlineStyle === 1 && colour === 0 ? '1' : `${extended.underlineStyle}:${attributes(colour)}`
}

const hex = (number: number) => (number >>> 0).toString(16)

/** A new one: that of a private page is the very cell that it erases with. */
const newCell = (terminal: Terminal) => terminal.buffer.active.getNullCell() as unknown as Cell

/** Flags and colour. Of a colour by number only the lowest byte counts; xterm.js leaves what was above it. */
function attributes(bits: number): string {
  const mode = bits & RGB
  return hex(mode === RGB ? bits : mode === 0 ? bits & ~COLOUR : bits & ~0xffff00)
}

/** A cell as it is seen. An empty cell is a space: a snapshot cannot always tell them apart, and nobody sees it. */
function seen(terminal: Terminal, cell: Cell): string {
  const text = cell.getChars() || ' '
  const background = attributes(cell.bg & COLOUR)
  const under = `${underline(cell)}${link(terminal, cell)}`
  const shows = cell.fg & (INVERSE | STRIKE) || cell.bg & OVERLINE || under !== ''
  if (text === ' ' && !shows) return ` ${background}`
  return `${text}${cell.getWidth()} ${attributes(cell.fg)} ${attributes(cell.bg & ~EXTENDED)} ${under}`
}

function lineOf(terminal: Terminal, line: Line, cell: Cell, isFirst: boolean): string {
  const cells: string[] = []
  let isWide = false
  for (let x = 0; x < Math.min(line.length, terminal.cols); x++) {
    line.loadCell(x, cell)
    // The second half of a wide character belongs to the first; one that lost its first is an empty cell.
    // Half of one that an alternate page lost to a narrower window has no bytes that say it.
    if (cell.getWidth() === 2 && x === terminal.cols - 1) cells.push(` ${attributes(cell.bg & COLOUR)}`)
    else if (cell.getWidth() > 0 || cell.getChars()) cells.push(seen(terminal, cell))
    else if (!isWide) cells.push(` ${attributes(cell.bg & COLOUR)}`)
    isWide = cell.getWidth() === 2
  }
  while (cells.at(-1) === ' 0') cells.pop()
  // The oldest line has none to go on from.
  return `${line.isWrapped && !isFirst ? '~' : '|'}${cells.join(',')}`
}

function page(terminal: Terminal, name: string, buffer: Page): string[] {
  const out = [name]
  if (buffer.lines.length === 0) return out
  const cell = newCell(terminal)
  // Xterm.js scrolls the alternate page when the terminal was higher before; what it keeps above is nowhere to be seen.
  const first = name === 'alternate' ? buffer.ybase : 0
  for (let y = first; y < buffer.lines.length; y++) out.push(lineOf(terminal, buffer.lines.get(y), cell, y === 0))
  const tabs = Object.keys(buffer.tabs).filter((x) => buffer.tabs[Number(x)] && Number(x) < terminal.cols)
  out.push(`region ${buffer.scrollTop}-${buffer.scrollBottom} tabs ${tabs.join()}`)
  const saved = buffer.savedCurAttrData
  const y = Math.max(buffer.savedY - buffer.ybase, 0)
  const x = Math.min(buffer.savedX, terminal.cols - 1)
  out.push(`saved ${x},${y} ${attributes(saved.fg)} ${attributes(saved.bg & ~EXTENDED)} ${charset(buffer.savedCharset)}`)
  return out
}

/** By what it makes of some characters. */
function charset(set: object | undefined): string {
  const map = (set ?? {}) as Record<string, string>
  return `${map['q'] ?? 'q'}${map['#'] ?? '#'}`
}

/** The state of a terminal, a line for each of its lines and for what else it knows. */
export function state({ terminal, title }: Window): string[] {
  const { buffers, coreService, coreMouseService, _charsetService: charsets, _inputHandler: input } = core(terminal)
  const isAlternate = buffers.active === buffers.alt
  const pen = input._curAttrData
  // An empty page behind the other one is none.
  const alternate = isAlternate ? page(terminal, 'alternate', buffers.alt) : []
  return [
    ...page(terminal, 'normal', buffers.normal),
    ...alternate,
    `cursor ${buffers.active.x},${buffers.active.y} of ${isAlternate ? 0 : buffers.active.ybase} on ${isAlternate ? 'alternate' : 'normal'}`,
    `pen ${attributes(pen.fg)} ${attributes(pen.bg & ~EXTENDED)} ${underline(pen)}`,
    `modes ${JSON.stringify(coreService.decPrivateModes)} ${JSON.stringify(coreService.modes)}`,
    `cursor hidden ${String(coreService.isCursorHidden)} newline ${String(terminal.options.convertEol)}`,
    `mouse ${coreMouseService.activeProtocol} ${coreMouseService.activeEncoding}`,
    `charsets ${[0, 1, 2, 3].map((level) => charset(charsets._charsets[level])).join(' ')} of ${charsets.glevel}: ${charset(charsets.charset)}`,
    `title ${title()}`,
  ]
}

/** Whether bytes can say this state; `snapshot.rs` lists what they cannot. */
export function canBeSaid({ terminal }: Window): boolean {
  const { buffers, _charsetService: charsets, _inputHandler: input } = core(terminal)
  const { x, y, ybase, lines } = buffers.active
  if ([buffers.normal, buffers.alt].some((page) => page.savedY - page.ybase >= terminal.rows)) return false
  if (charset(charsets.charset) !== charset(charsets._charsets[charsets.glevel])) return false
  const pen = input._curAttrData
  if (pen.bg & EXTENDED && !pen.extended.urlId && pen.extended.underlineStyle > 0 !== (pen.fg & UNDERLINE) > 0) return false
  if (x < terminal.cols) return true
  const last = lines.get(ybase + y).loadCell(terminal.cols - 1, newCell(terminal))
  return last.getChars() !== '' || last.getWidth() === 0
}

/** Says where two states differ first. */
export function expectSame(found: string[], wanted: string[], where: string): void {
  const at = wanted.findIndex((line, at) => line !== found[at])
  if (at < 0 && found.length === wanted.length) return
  const lines = found.length === wanted.length ? '' : ` (${found.length} lines in place of ${wanted.length})`
  const [one, other] = [found[at] ?? '', wanted[at] ?? '']
  const column = Array.from(other).findIndex((character, column) => character !== Array.from(one)[column])
  const near = (line: string) =>
    Array.from(line)
      .slice(Math.max(0, column - 60), column + 200)
      .join('')
  throw new Error(`${where}, line ${at}${lines}, from ${column}\n found: ${near(one)}\nwanted: ${near(other)}`)
}
