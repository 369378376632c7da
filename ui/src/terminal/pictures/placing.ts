/** The place that a picture takes in the cells, as the engine makes it (`Screen::place` in `picture.rs`). */
import type { IDisposable, Terminal } from '@xterm/xterm'
import type { Area } from './size'

interface Line {
  replaceCells: (start: number, end: number, fill: unknown, respectProtect: boolean) => void
}

interface Attributes {
  fg: number
  bg: number
  clone: () => Attributes
}

/**
 * The private part of xterm.js 6.0.0 that is reached into here. Its own handlers get strings of any length piece by piece, where
 * those of the public interface get up to 10 MB at once or nothing; and only they can move the cursor in the middle of a write.
 */
export interface PrivateTerminal {
  _core: {
    buffer: {
      x: number
      y: number
      ybase: number
      lines: { get: (index: number) => Line | undefined }
      getNullCell: () => unknown
    }
    buffers: { normal: { lines: { get: (index: number) => Line | undefined } } }
    coreService: { modes: { insertMode: boolean } }
    _inputHandler: {
      lineFeed: () => boolean
      print: (codes: Uint32Array, start: number, end: number) => void
      _curAttrData: Attributes
      _charsetService: { charset: unknown }
      _dirtyRowTracker: { markDirty: (y: number) => void }
      _parser: {
        precedingJoinState: number
        registerCsiHandler: (id: { final: string }, handler: (params: { params: ArrayLike<number> }) => boolean) => IDisposable
        registerDcsHandler: (
          id: { final: string },
          handler: {
            hook: () => void
            put: (codes: Uint32Array, start: number, end: number) => void
            unhook: (whole: boolean) => Promise<boolean> | boolean
          },
        ) => IDisposable
        registerOscHandler: (
          number: number,
          handler: {
            start: () => void
            put: (codes: Uint32Array, start: number, end: number) => void
            end: (whole: boolean) => Promise<boolean> | boolean
          },
        ) => IDisposable
      }
    }
  }
}

/** In the background of a cell (`BgFlags.DIM`). */
export const DIM = 0x8000000

/** Clears the area and says in its first line what would be there. */
export function placeText(terminal: Terminal, area: Area): true {
  const { buffer, _inputHandler: handler } = (terminal as unknown as PrivateTerminal)._core
  const { x } = buffer
  const free = Math.min(area.cols, Math.max(0, terminal.cols - x))
  for (let line = 0; line < area.lines; line++) {
    if (line > 0) handler.lineFeed()
    const cells = buffer.lines.get(buffer.ybase + buffer.y)
    cells?.replaceCells(Math.min(x, terminal.cols), x + free, buffer.getNullCell(), false)
    handler._dirtyRowTracker.markDirty(buffer.y)
    if (line === 0) printDim(terminal, area.label.slice(0, free))
    buffer.x = x
  }
  return true
}

function printDim(terminal: Terminal, text: string): void {
  const { coreService, _inputHandler: handler } = (terminal as unknown as PrivateTerminal)._core
  const { _curAttrData: attributes, _charsetService: charsets } = handler
  const { insertMode } = coreService.modes
  const { charset } = charsets
  const dim = attributes.clone()
  dim.fg = 0
  dim.bg = DIM
  handler._curAttrData = dim
  charsets.charset = undefined
  coreService.modes.insertMode = false
  handler._parser.precedingJoinState = 0
  handler.print(
    Uint32Array.from(text, (letter) => letter.charCodeAt(0)),
    0,
    text.length,
  )
  handler._curAttrData = attributes
  charsets.charset = charset
  coreService.modes.insertMode = insertMode
}
