/** Tauri's news of files over the window, in the words of `backend.ts`. */
import type { Event } from '@tauri-apps/api/event'
import type { DragDropEvent } from '@tauri-apps/api/webview'
import type { FileDrag } from './backend'

/** Windows counts in pixels of the screen; GTK and AppKit in those of the page, whatever the type says. */
const SCREEN_PIXELS = navigator.userAgent.includes('Windows')

/** The paths come when a drag begins and are remembered: the later news has none. */
export function followFileDrags(listener: (drag: FileDrag) => void): (event: Event<DragDropEvent>) => void {
  let paths: readonly string[] = []
  return ({ payload }) => {
    if (payload.type === 'leave') {
      paths = []
      return listener({ phase: 'leave' })
    }
    if (payload.type !== 'over') paths = payload.paths
    const scale = SCREEN_PIXELS ? window.devicePixelRatio : 1
    const { x, y } = payload.position
    listener({ phase: payload.type, paths, x: x / scale, y: y / scale })
  }
}
