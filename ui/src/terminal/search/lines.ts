/** The text of a terminal's buffer, line by line as programs wrote them, and where a part of one stands on the screen. */
import type { IBuffer, IBufferLine, Terminal } from '@xterm/xterm'

/** A file without line breaks is one line of a whole scrollback: it is read in pieces of that many rows. */
const ROWS_MAX = 500

export interface Line {
  text: string
  /** The first row of the buffer that it fills, and the row after it. */
  row: number
  end: number
  /** Where each row begins in the text. */
  offsets: number[]
}

/** A place in cells. */
export interface Place {
  row: number
  col: number
}

/** The line that a row belongs to, or a piece of one that is longer than can be read at once. */
export function lineAt(buffer: IBuffer, row: number): Line {
  let first = row
  while (first > 0 && row - first < ROWS_MAX && buffer.getLine(first)?.isWrapped) first--
  return lineFrom(buffer, first)
}

/** The line whose first row this is. */
export function lineFrom(buffer: IBuffer, row: number): Line {
  const offsets: number[] = []
  let text = ''
  let end = row
  for (;;) {
    const line = buffer.getLine(end)
    if (!line) break
    const wraps = end + 1 - row < ROWS_MAX && buffer.getLine(end + 1)?.isWrapped === true
    offsets.push(text.length)
    text += line.translateToString(!wraps)
    end++
    if (!wraps) break
  }
  return { text, row, end: Math.max(end, row + 1), offsets }
}

/** Where an offset of the text stands. */
export function placeOf(buffer: IBuffer, line: Line, offset: number): Place {
  let index = 0
  while (index + 1 < line.offsets.length && offset >= (line.offsets[index + 1] ?? Infinity)) index++
  const row = line.row + index
  return { row, col: columnOf(buffer.getLine(row), offset - (line.offsets[index] ?? 0)) }
}

/** Wide characters fill two cells, and a cell can hold several UTF-16 units. */
function columnOf(line: IBufferLine | undefined, offset: number): number {
  if (!line) return 0
  let left = offset
  for (let col = 0; col < line.length; col++) {
    const cell = line.getCell(col)
    if (!cell || left <= 0) return col
    if (cell.getWidth() === 0) continue
    left -= Math.max(1, cell.getChars().length)
    if (left <= 0) return col + cell.getWidth()
  }
  return line.length
}

/** The row after the last one with text: the rest of the screen is empty. */
export function rowsUsed(terminal: Terminal): number {
  const { active } = terminal.buffer
  return Math.min(active.length, active.baseY + terminal.rows)
}
