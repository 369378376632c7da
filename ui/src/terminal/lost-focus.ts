import type { Terminal } from '@xterm/xterm'

/**
 * A terminal that is moved to another place in the page (a split) loses the focus without a blur event, and xterm.js would go on
 * drawing its cursor as if keys still went there. Whoever takes the focus next tells it. Returns what stops that.
 */
export function noticeLostFocus(terminal: Terminal, element: HTMLElement): () => void {
  const onFocusIn = (event: FocusEvent) => {
    const here = event.target instanceof Node && element.contains(event.target)
    if (!here && terminal.element?.classList.contains('focus')) terminal.textarea?.dispatchEvent(new FocusEvent('blur'))
  }
  document.addEventListener('focusin', onFocusIn)
  return () => document.removeEventListener('focusin', onFocusIn)
}
