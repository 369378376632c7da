/**
 * In a window of terminals the keyboard belongs to the terminal when nothing else has it: after a dialog, a menu or a removed
 * element, the browser leaves it on the body, where keys are lost.
 */
export function keepFocusInWindow(focusTerminal: () => void): () => void {
  const later = () => {
    // What takes the focus next has it by then; dialogs and menus keep it themselves.
    setTimeout(() => {
      if (document.activeElement !== document.body || !document.hasFocus()) return
      if (document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]')) return
      // Text that is being selected outside a terminal would lose its selection.
      if (document.getSelection()?.isCollapsed === false) return
      focusTerminal()
    })
  }
  // WebKit says nothing when an element that has the focus is removed, which is what its click or key did.
  const EVENTS = ['focusout', 'click', 'keyup'] as const
  for (const event of EVENTS) document.addEventListener(event, later)
  return () => EVENTS.forEach((event) => document.removeEventListener(event, later))
}
