/**
 * Notices a tab that is dragged out of the window and let go there. As long as its button is held the page hears of the pointer
 * wherever it is. On Wayland it hears no place on the screen; the desktop then decides where the new window goes.
 */
import type { Stop } from '../ipc'
import type { TabId } from './workspace'

/** A hand that shakes at the edge, and the window's own title bar, are no way out. */
const OUTSIDE_PX = 40

/** Whether a point, in pixels of the window, lies well outside of it. */
export function isOutside(point: { x: number; y: number }, size: { width: number; height: number }): boolean {
  const { x, y } = point
  return x < -OUTSIDE_PX || y < -OUTSIDE_PX || x > size.width + OUTSIDE_PX || y > size.height + OUTSIDE_PX
}

/** Tells of each with the place on the screen, until it is stopped. */
export function followTearOff(root: HTMLElement, tornOff: (id: TabId, x: number, y: number) => void): Stop {
  let dragged: TabId | undefined
  const onDown = (event: PointerEvent): void => {
    const tab = event.target instanceof Element ? event.target.closest<HTMLElement>('[role="tab"]') : null
    dragged = event.button === 0 ? tab?.dataset['tabPanelId'] : undefined
  }
  const onUp = (event: PointerEvent): void => {
    const [id, size] = [dragged, { width: window.innerWidth, height: window.innerHeight }]
    dragged = undefined
    if (id === undefined || !isOutside({ x: event.clientX, y: event.clientY }, size)) return
    // The dock hears of the end of the drag as well: first it is done with it.
    setTimeout(() => tornOff(id, event.screenX, event.screenY))
  }
  const onKeydown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') dragged = undefined
  }
  const stop = new AbortController()
  const options = { capture: true, signal: stop.signal }
  root.addEventListener('pointerdown', onDown, options)
  window.addEventListener('pointerup', onUp, options)
  window.addEventListener('pointercancel', () => (dragged = undefined), options)
  window.addEventListener('keydown', onKeydown, options)
  return () => stop.abort()
}
