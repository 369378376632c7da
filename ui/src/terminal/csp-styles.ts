/**
 * xterm.js under a content security policy without `unsafe-inline`. It writes `<style>` elements and, for 24-bit colours, `style`
 * attributes as text, which the policy refuses: colours and the cursor would be missing, silently. The same rules set through the
 * CSS object model are allowed, so both ways are led there.
 */
import type { Terminal } from '@xterm/xterm'
import { SharedStyle } from './shared-styles'

/** In place of a `<style>` element, which is refused even when empty. */
function constructedStyle(element: HTMLElement): HTMLElement {
  element.hidden = true
  const style = new SharedStyle(element)
  Object.defineProperty(element, 'textContent', { set: (text: string) => style.set(text) })
  element.remove = () => {
    style.remove()
    Element.prototype.remove.call(element)
  }
  return element
}

/** Runs what makes xterm.js create its elements: `open`, and whatever gives it another renderer. */
export function withConstructedStyles(work: () => void): void {
  const create = Document.prototype.createElement.bind(document)
  const createElement = (name: string, options?: ElementCreationOptions): HTMLElement =>
    name === 'style' ? constructedStyle(create('span')) : create(name, options)
  Object.defineProperty(document, 'createElement', { value: createElement, configurable: true })
  try {
    work()
  } finally {
    Reflect.deleteProperty(document, 'createElement')
  }
}

/** The private parts of xterm.js 6.0.0 that are reached into here, and nowhere else. */
interface RowFactoryOwner {
  _core?: {
    _renderService?: { _renderer?: { value?: { _rowFactory?: { _addStyle?: (element: HTMLElement, style: string) => void } } } }
  }
}

/** 24-bit colours: cells get them as style attributes. Call after each change of the renderer. */
export function allowCellColours(terminal: Terminal): void {
  const core = (terminal as unknown as RowFactoryOwner)._core
  const rowFactory = core?._renderService?._renderer?.value?._rowFactory
  if (!rowFactory?._addStyle) return
  rowFactory._addStyle = (element, style) => {
    element.style.cssText += style
  }
}
