/**
 * How much room a picture takes, in cells of 10 x 20 pixels whatever the letters are. The engine measures in the same way
 * (`crates/core/src/terminal/screen/picture.rs`), so that the cursor is at the same place in both; neither asks the other. Both
 * are held against `tests/recordings/pictures.json`.
 */
import { FileSize } from './file-size'
import { SixelSize } from './sixel-size'

/** Of one cell, in pixels of a picture. */
export const CELL = { width: 10, height: 20 } as const

/** A picture that is longer or has more pixels takes one line that says so. */
const SIDE_MAX = 8192
const PIXELS_MAX = 8 * 1024 * 1024

export interface Pixels {
  width: number
  height: number
}

export interface Area {
  cols: number
  lines: number
  /** What stands there where the picture is not drawn. */
  label: string
  /** The size it is drawn in, in pixels of a picture; null for one that is too large. */
  shown: Pixels | null
  /** How many pixels drawing it takes: those it has, or those it is shown in. */
  pixels: number
}

function area(size: Pixels, shown: (size: Pixels) => Pixels): Area | null {
  const { width, height } = size
  if (width === 0 || height === 0) return null
  const label = `[image ${width} x ${height}]`
  if (width > SIDE_MAX || height > SIDE_MAX || width * height > PIXELS_MAX)
    return { cols: label.length, lines: 1, label, shown: null, pixels: 0 }
  const within = (pixels: number) => Math.min(SIDE_MAX, Math.max(1, pixels))
  const wanted = shown(size)
  const drawn = { width: within(wanted.width), height: within(wanted.height) }
  return {
    cols: Math.ceil(drawn.width / CELL.width),
    lines: Math.ceil(drawn.height / CELL.height),
    label,
    shown: drawn,
    pixels: Math.max(width * height, drawn.width * drawn.height),
  }
}

/** One picture that is being read. */
export interface Measure {
  take: (codes: Uint32Array, start: number, end: number) => void
  area: (screen: { cols: number; rows: number }) => Area | null
}

export function measureSixel(): Measure {
  const sixel = new SixelSize()
  return {
    take: (codes, start, end) => {
      for (let at = start; at < end; at++) sixel.take(codes[at] ?? 0)
    },
    area: () => area(sixel.size, (size) => size),
  }
}

/** `header` is what stands before the colon of the data; null if that is no picture to be shown. */
export function measureFile(header: string): Measure | null {
  const file = FileSize.read(header)
  if (!file) return null
  return {
    take: (codes, start, end) => {
      for (let at = start; at < end && file.isUndecided; at++) file.take(codes[at] ?? 0)
    },
    area: ({ cols, rows }) => {
      if (!file.size) return null
      return area(file.size, (size) => file.shown(size, { width: cols * CELL.width, height: rows * CELL.height }))
    },
  }
}
