/** Whoever comes back to a text hears at once that somebody else has changed the file, and not only when saving it. */
import { watch } from 'vue'
import { useConnections } from '../connections/connections'
import type { Stop } from '../ipc'
import { useWorkspace } from '../workspace/workspace'
import { useEdits } from './edits'

/** Switching to and fro asks no more often than this for each file. */
const FRESH_MS = 5000

export function followEdits(): Stop {
  const workspace = useWorkspace()
  const edits = useEdits()
  const connections = useConnections()
  const looked = new Map<string, number>()

  function look(): void {
    const edit = edits.active
    if (!edit || !document.hasFocus()) return
    // Nothing is dialled for it.
    if (connections.stateOf(edit.hostId).state !== 'up') return
    const now = performance.now()
    const last = looked.get(edit.tabId)
    looked.set(edit.tabId, now)
    // It was read when it was opened.
    if (last !== undefined && now - last > FRESH_MS) void edit.look()
  }
  window.addEventListener('focus', look)
  const stop = watch(() => workspace.activeId, look)
  return () => {
    window.removeEventListener('focus', look)
    stop()
  }
}
