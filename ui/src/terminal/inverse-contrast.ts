/**
 * Reverse video of the usual colours under a minimum contrast. The DOM renderer of xterm.js 6.0.0 raises the contrast from the
 * text's own colour, which is the background by then: the text comes out grey on grey, just as far away as was asked for. From the
 * colour that it has in reverse video nothing needs to be raised.
 */
import type { Terminal } from '@xterm/xterm'

interface Colour {
  readonly rgba: number
}
interface Cell {
  isInverse: () => number
}
type Apply = (element: HTMLElement, bg: Colour, fg: Colour, cell: Cell, bgOverride?: Colour, fgOverride?: Colour) => boolean

/** The private parts of xterm.js 6.0.0 that are reached into here, and nowhere else. */
interface Owner {
  _core?: {
    _themeService?: { colors: { foreground: Colour; background: Colour } }
    _renderService?: { _renderer?: { value?: { _rowFactory?: { _applyMinimumContrast?: Apply } } } }
  }
}

/** Call after each change of the renderer. */
export function mendInverseContrast(terminal: Terminal): void {
  const core = (terminal as unknown as Owner)._core
  const rowFactory = core?._renderService?._renderer?.value?._rowFactory
  const apply = rowFactory?._applyMinimumContrast?.bind(rowFactory)
  const theme = core?._themeService
  if (!rowFactory || !apply || !theme) return
  rowFactory._applyMinimumContrast = (element, bg, fg, cell, bgOverride, fgOverride) => {
    const { foreground, background } = theme.colors
    const own = fg === foreground && cell.isInverse() !== 0 ? background : fg
    return apply(element, bg, own, cell, bgOverride, fgOverride)
  }
}
