/**
 * Draws pictures. `@xterm/addon-image` keeps them, ties them to their cells and forgets them with these; its decoders stay unused,
 * as they would need WebAssembly to be allowed.
 */
import { ImageAddon } from '@xterm/addon-image'
import type { Terminal } from '@xterm/xterm'
import { decodeFile } from './decode-file'
import { decodeSixel } from './decode-sixel'
import type { Painter } from './pictures'
import type { PrivateTerminal } from './placing'
import { CELL, type Area, type Pixels } from './size'
import { Ties } from './ties'

/** All that one terminal keeps; the oldest go first. In the megabytes of the addon. */
const STORAGE_MB = 32

interface Cells {
  replaceCells: (start: number, end: number, fill: unknown, respectProtect: boolean) => void
}

/** The private part of @xterm/addon-image 0.9.0 that is reached into here. */
interface PrivateAddon {
  _opts: { sixelScrolling: boolean }
  _renderer: { cellSize: Pixels }
  _storage: {
    addImage: (image: HTMLCanvasElement) => void
    _writeToCell: (line: Cells, x: number, image: number, tile: number) => void
    _delImg: (image: number) => void
    _lastId: number
    _images: Map<number, Record<'orig' | 'actual', HTMLCanvasElement | undefined>>
  }
}

export function startPainting(terminal: Terminal): Painter {
  const addon = new ImageAddon({
    storageLimit: STORAGE_MB,
    // Sizes in pixels are answered as the engine answers them.
    enableSizeReports: false,
    sixelSupport: false,
    iipSupport: false,
  })
  terminal.loadAddon(addon)
  const { _opts: options, _renderer: renderer, _storage: storage } = addon as unknown as PrivateAddon
  const { buffer } = (terminal as unknown as PrivateTerminal)._core
  const tie = storage._writeToCell.bind(storage)
  storage._writeToCell = (line, x, image, tile) => {
    // A picture covers what was there, as it does in the engine.
    line.replaceCells(x, x + 1, buffer.getNullCell(), false)
    tie(line, x, image, tile)
  }
  const ties = new Ties(terminal)
  const forget = storage._delImg.bind(storage)
  storage._delImg = (image) => {
    const { orig, actual } = storage._images.get(image) ?? {}
    forget(image)
    ties.remove(image)
    empty(orig)
    empty(actual)
  }
  // Letters of another size make a second copy of each picture that is looked at.
  const capped = terminal.onRender(() => {
    if (addon.storageUsage > STORAGE_MB) addon.storageLimit = STORAGE_MB
  })

  function add(image: CanvasImageSource, size: Pixels, area: Area): boolean {
    const canvas = onCells(image, size, area, renderer.cellSize, terminal.cols - terminal.buffer.active.cursorX)
    if (!canvas) return false
    // A program may have asked for pictures in the corner (DECSDM), which the engine does not know.
    options.sixelScrolling = true
    storage.addImage(canvas)
    ties.add(storage._lastId, area)
    return true
  }

  return {
    paint: (kind, data, area) => {
      if (!area.shown) return false
      if (kind === 'sixel') {
        const drawn = decodeSixel(data, area.shown)
        const added = add(drawn, area.shown, area)
        empty(drawn)
        return added
      }
      return decodeFile(data).then((bitmap) => {
        if (!bitmap) return false
        try {
          return add(bitmap, bitmap, area)
        } finally {
          bitmap.close()
        }
      })
    },
    dispose: () => {
      capped.dispose()
      addon.dispose()
      terminal.refresh(0, terminal.rows - 1)
    },
  }
}

/** Gives the memory back now: the web view collects what nobody has any more late. */
function empty(canvas: HTMLCanvasElement | undefined): void {
  if (canvas) canvas.width = canvas.height = 0
}

/** A picture in its own shape on a canvas of so many cells as they are drawn now, which is all that is kept of it. */
function onCells(image: CanvasImageSource, size: Pixels, area: Area, cell: Pixels, free: number): HTMLCanvasElement | null {
  const cols = Math.min(area.cols, free)
  if (!area.shown || cols <= 0 || cell.width <= 0 || cell.height <= 0) return null
  const width = Math.floor(cols * cell.width)
  const height = Math.floor(area.lines * cell.height)
  if (width * height * 4 > STORAGE_MB * 1_000_000) return null
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  if (!context) return null
  const scale = Math.min(cell.width / CELL.width, cell.height / CELL.height)
  const { width: wide, height: high } = area.shown
  // A camera may have turned it: it is not made wider for that.
  const turned = size.width > size.height !== wide > high && size.width !== size.height && wide !== high
  const fit = turned ? Math.min(wide / size.width, high / size.height) : 0
  const drawn = turned ? { width: size.width * fit, height: size.height * fit } : { width: wide, height: high }
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, 0, 0, drawn.width * scale, drawn.height * scale)
  return canvas
}
