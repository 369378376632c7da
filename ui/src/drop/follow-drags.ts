/**
 * Drags come in two ways. Files of the desktop: from the shell, as a page learns no path. Files of a panel of ours: as HTML drags,
 * which macOS gives to the shell as well, without paths, while they are under way.
 */
import { useBackend, type FileDrag, type Stop } from '../ipc'
import { attempt } from '../notices/attempt'
import { isHere } from '../files/place'
import { DragOut } from './drag-out'
import { BOWLINE_FILES, ofThisComputer, readDragged, type Dragged } from './dragged'
import { useDrop } from './drop'

/** A terminal keeps its keys to itself. */
const CAPTURED = new Set(['keydown'])

/** Files of this computer that a panel of ours gives away come back to us as those of any other program, in the same moment. */
const SAME_DROP_MS = 500

/** Call once at the start. */
export async function followDrags(target: Window = window): Promise<Stop> {
  const drop = useDrop()
  const dragOut = new DragOut()
  /** The innermost element that the drag is in. WebKit names none that it goes on to. */
  let entered: EventTarget | null = null
  /** What was taken up in this very page. */
  let own: Dragged | undefined
  /** The same as text, also when it is over, and when it was let go: the page and the shell may both say so. */
  let taken = ''
  let letGoAt = -Infinity
  /** The one before, and when it ended: the shell may tell of its drop a moment later, and names no files of a host. */
  let before: { dragged: Dragged; at: number } | undefined

  const carries = (event: DragEvent) => event.dataTransfer?.types.includes(BOWLINE_FILES) ?? false

  const listeners = {
    dragstart: (event: DragEvent) => {
      own = readDragged(event.dataTransfer?.getData(BOWLINE_FILES) ?? '')
      taken = JSON.stringify(own)
      if (own && !isHere(own.hostId) && event.dataTransfer) dragOut.begin(own, event.dataTransfer)
    },
    dragenter: (event: DragEvent) => {
      entered = event.target
    },
    dragover: (event: DragEvent) => {
      if (!carries(event) || !drop.over(event.clientX, event.clientY, own)) return
      event.preventDefault()
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
    },
    dragleave: (event: DragEvent) => {
      // Out of the window and not into the next element.
      if (carries(event) && event.relatedTarget === null) drop.leave()
      if (event.target === entered) dragOut.left()
    },
    drop: (event: DragEvent) => {
      if (!carries(event)) return
      event.preventDefault()
      const dragged = readDragged(event.dataTransfer?.getData(BOWLINE_FILES) ?? '') ?? own
      if (dragged) letGo(event.clientX, event.clientY, dragged)
      else drop.leave()
    },
    dragend: (event: DragEvent) => {
      if (dragOut.isLateEnd()) return
      if (own) before = { dragged: own, at: performance.now() }
      own = undefined
      const taken = (event.dataTransfer?.dropEffect ?? 'none') !== 'none'
      void attempt(() => dragOut.end(taken))
      drop.leave()
    },
    keydown: (event: KeyboardEvent) => {
      if (event.key === 'Escape' && drop.target !== undefined) drop.cancel()
    },
  }

  function letGo(x: number, y: number, dragged: Dragged): void {
    const now = performance.now()
    if (JSON.stringify(dragged) === taken) {
      if (now - letGoAt < SAME_DROP_MS) return
      letGoAt = now
    }
    void attempt(() => drop.drop(x, y, dragged))
  }

  function fromDesktop(drag: FileDrag): void {
    if (drag.phase === 'leave') return drop.leave()
    const justEnded = before && performance.now() - before.at < SAME_DROP_MS ? before.dragged : undefined
    const dragged = drag.paths.length > 0 ? ofThisComputer(drag.paths) : (own ?? justEnded)
    if (!dragged) return
    if (drag.phase !== 'drop') drop.over(drag.x, drag.y, dragged)
    else letGo(drag.x, drag.y, dragged)
  }

  const stop = await useBackend().onFileDrag(fromDesktop)
  for (const [name, listener] of Object.entries(listeners))
    target.addEventListener(name, listener as EventListener, CAPTURED.has(name))
  return () => {
    stop()
    for (const [name, listener] of Object.entries(listeners))
      target.removeEventListener(name, listener as EventListener, CAPTURED.has(name))
  }
}
