/**
 * Which cells have a picture. `@xterm/addon-image` leaves an object with each cell when it forgets a picture, a hundred bytes
 * for as long as the line is there; here they go with it, and its size is written in its place, as the engine has it.
 */
import type { IMarker, Terminal } from '@xterm/xterm'
import { DIM, type PrivateTerminal } from './placing'
import type { Area } from './size'

/** The private part of a line of xterm.js 6.0.0. */
interface Line {
  /** Three numbers for each cell; the last has the flags. */
  _data: Uint32Array
  _extendedAttrs: Record<number, { imageId?: number } | undefined>
  setCellFromCodepoint: (x: number, code: number, width: number, attributes: unknown) => void
}

const CELL_NUMBERS = 3
/** In the flags of a cell (`BgFlags.HAS_EXTENDED`). */
const HAS_EXTENDED = 0x10000000

interface Tie {
  /** Of the last line. */
  end: IMarker
  x: number
  area: Area
}

export class Ties {
  readonly #ties = new Map<number, Tie>()

  constructor(private readonly terminal: Terminal) {}

  /** Call with the cursor in the last line of the picture. */
  add(image: number, area: Area): void {
    // Lines of the alternate page are few, and go with it.
    if (this.terminal.buffer.active.type === 'alternate') return
    const end = this.terminal.registerMarker(0)
    const x = this.terminal.buffer.active.cursorX
    this.#ties.set(image, { end, x, area })
  }

  remove(image: number): void {
    const tie = this.#ties.get(image)
    if (!tie) return
    this.#ties.delete(image)
    const { end, x, area } = tie
    for (let line = 0; end.line >= 0 && line < area.lines; line++) {
      const cells = this.#line(end.line - area.lines + 1 + line)
      for (let col = 0; cells && col < area.cols; col++) {
        if (cells._extendedAttrs[x + col]?.imageId !== image) continue
        delete cells._extendedAttrs[x + col]
        const flags = (x + col) * CELL_NUMBERS + CELL_NUMBERS - 1
        // What was written over it since stays.
        if (((cells._data[flags] ?? 0) & HAS_EXTENDED) === 0) continue
        cells._data[flags] = (cells._data[flags] ?? 0) & ~HAS_EXTENDED
        if (line === 0 && col < area.label.length) this.#write(cells, x + col, area.label.charCodeAt(col))
      }
    }
    end.dispose()
  }

  #line(index: number): Line | undefined {
    const { lines } = (this.terminal as unknown as PrivateTerminal)._core.buffers.normal
    return index < 0 ? undefined : (lines.get(index) as unknown as Line | undefined)
  }

  #write(line: Line, x: number, code: number): void {
    const dim = (this.terminal as unknown as PrivateTerminal)._core._inputHandler._curAttrData.clone()
    dim.fg = 0
    dim.bg = DIM
    line.setCellFromCodepoint(x, code, 1, dim)
  }
}
