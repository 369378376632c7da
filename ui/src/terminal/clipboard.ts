/** Copy and paste as each platform does it. The clipboard goes through the back end: a web view grants it to nobody. */
import { useBackend } from '../ipc'
import { attempt } from '../notices/attempt'
import type { TerminalSession } from './session'

/** The selection made last in any terminal: what X11 calls the primary selection, as far as a web view can know it. */
let primary = ''

/** How long a web view gets to deliver the real primary selection after the middle button, before ours is taken. */
const NATIVE_PASTE_MS = 60

export async function copySelection(session: TerminalSession): Promise<void> {
  const text = session.surface.terminal.getSelection()
  if (text === '') return
  await useBackend().writeClipboard(text)
}

export async function pasteClipboard(session: TerminalSession): Promise<void> {
  await session.paste(await useBackend().readClipboard())
}

/** Listens on the element around a surface. Everything that pastes goes through the session, which makes it safe. */
export function followClipboard(
  element: HTMLElement,
  session: TerminalSession,
  options: { copyOnSelect: () => boolean; middlePastes: boolean },
): () => void {
  let expected: ReturnType<typeof setTimeout> | undefined
  const listening = new AbortController()
  const listen = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
    target: HTMLElement | Window = element,
  ) => target.addEventListener(name, listener as EventListener, { capture: true, signal: listening.signal })

  listen('paste', (event) => {
    // Of the web view itself: its menu, the middle button. xterm.js would paste it as it is.
    if (!(event.target instanceof Element) || !event.target.closest('.xterm')) return
    event.preventDefault()
    event.stopPropagation()
    clearTimeout(expected)
    const text = event.clipboardData?.getData('text/plain') ?? ''
    void attempt(() => session.paste(text))
  })
  listen('auxclick', (event) => {
    const { terminal } = session.surface
    if (event.button !== 1 || !options.middlePastes || terminal.modes.mouseTrackingMode !== 'none') return
    clearTimeout(expected)
    const text = primary
    expected = setTimeout(() => void attempt(() => session.paste(text)), NATIVE_PASTE_MS)
  })
  let pressed = false
  listen('mousedown', (event) => (pressed = event.button === 0))
  // The button may be let go anywhere.
  listen(
    'mouseup',
    () => {
      if (!pressed) return
      pressed = false
      const text = session.surface.terminal.getSelection()
      if (text === '') return
      primary = text
      if (options.copyOnSelect()) void attempt(() => useBackend().writeClipboard(text))
    },
    window,
  )
  return () => {
    clearTimeout(expected)
    listening.abort()
  }
}
