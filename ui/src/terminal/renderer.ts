/**
 * Which renderer draws. WebGL without a GPU draws 8 frames a second (design.md, fact 9), and WebKitGTK often has none: the DOM
 * renderer on Linux. Elsewhere WebGL, and the DOM renderer for good once WebGL failed or lost its context.
 */
import { WebglAddon } from '@xterm/addon-webgl'
import type { Terminal } from '@xterm/xterm'
import type { Platform } from '../workspace/platform'
import { allowCellColours, withConstructedStyles } from './csp-styles'

let webglFailed = false

/** Draws the terminal in its element, which is part of the document. */
export function openWithRenderer(terminal: Terminal, element: HTMLElement, platform: Platform): void {
  withConstructedStyles(() => terminal.open(element))
  allowCellColours(terminal)
  if (platform === 'linux' || webglFailed) return
  try {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => {
      webglFailed = true
      withConstructedStyles(() => webgl.dispose())
      allowCellColours(terminal)
    })
    terminal.loadAddon(webgl)
  } catch {
    webglFailed = true
    allowCellColours(terminal)
  }
}
