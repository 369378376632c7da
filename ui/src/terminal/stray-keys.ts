/**
 * A key that was pressed elsewhere must not end in the terminal. When a dialog closes on keydown and gives the focus back at
 * once, the browser delivers the keypress of that same key to the terminal, and xterm.js would send it: an Escape that turns the
 * next letter into a Meta key, an Enter that runs a line.
 */
export function refuseStrayKeys(element: HTMLElement): void {
  let pressedHere = false
  element.addEventListener('focusin', () => (pressedHere = false), true)
  element.addEventListener('keydown', () => (pressedHere = true), true)
  element.addEventListener(
    'keypress',
    (event) => {
      if (pressedHere) return
      event.preventDefault()
      event.stopImmediatePropagation()
    },
    true,
  )
}
