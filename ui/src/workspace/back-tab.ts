/**
 * Shift+Tab on X and Wayland is a key of its own, which WebKitGTK does not name: `key` is not `Tab`. Lists of tabs and dialogs
 * that look at the name would hold the focus for ever.
 */

/** Lets everyone see such a press as Tab with Shift; what it does by itself stays. Call once, before others listen for keys. */
export function nameBackTab(target: Window = window): void {
  target.addEventListener(
    'keydown',
    (event) => {
      const { code, key, shiftKey, ctrlKey, altKey, metaKey, target: element } = event
      // A terminal goes by the number of the key.
      if (code !== 'Tab' || key === 'Tab' || !(element instanceof Element) || element.closest('.xterm')) return
      event.stopImmediatePropagation()
      const press = { key: 'Tab', code, shiftKey, ctrlKey, altKey, metaKey, bubbles: true, cancelable: true, composed: true }
      if (!element.dispatchEvent(new KeyboardEvent('keydown', press))) event.preventDefault()
    },
    { capture: true },
  )
}
