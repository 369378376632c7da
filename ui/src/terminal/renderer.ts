/**
 * Which renderer draws. WebGL without a GPU draws 8 frames a second (design.md, fact 9), and WebKitGTK often has none: the DOM
 * renderer on Linux. Elsewhere WebGL, and the DOM renderer for good once WebGL failed or lost its context.
 */
import type { Terminal } from '@xterm/xterm'
import type { Platform } from '../workspace/platform'
import { allowCellColours, withConstructedStyles } from './csp-styles'
import { mendInverseContrast } from './inverse-contrast'

let webglFailed = false

/** Draws the terminal in its element, which is part of the document. `isGone` says whether it was disposed of meanwhile. */
export function openWithRenderer(terminal: Terminal, element: HTMLElement, platform: Platform, isGone: () => boolean): void {
  withConstructedStyles(() => terminal.open(element))
  suitDomRenderer(terminal)
  if (platform !== 'linux' && !webglFailed) void drawWithWebgl(terminal, isGone)
}

function suitDomRenderer(terminal: Terminal): void {
  allowCellColours(terminal)
  mendInverseContrast(terminal)
}

/** Read only where it is used: it is as large as a third of xterm.js. */
async function drawWithWebgl(terminal: Terminal, isGone: () => boolean): Promise<void> {
  try {
    const { WebglAddon } = await import('@xterm/addon-webgl')
    if (isGone()) return
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => {
      webglFailed = true
      withConstructedStyles(() => webgl.dispose())
      suitDomRenderer(terminal)
    })
    terminal.loadAddon(webgl)
  } catch {
    webglFailed = true
    suitDomRenderer(terminal)
  }
}
