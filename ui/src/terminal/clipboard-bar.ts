/** The keyboard's way from a terminal to the question on it. */
export function focusClipboardBar(): void {
  document.querySelector<HTMLElement>('.dv-active-group [data-clipboard-answer]')?.focus()
}
