/** Tabs on their way to another window. The engine says at once that they lie there; only then does this window let go of them. */
import { defineStore } from 'pinia'
import { t } from '../i18n'
import { useBackend, type Place, type WindowId, type WorkspaceTab } from '../ipc'
import { useNotices } from '../notices/notices'
import { useKeptWorkspace } from '../workspace/kept-workspace'
import { useWorkspace, type TabId } from '../workspace/workspace'
import { useWindows } from './windows'

/** Where the pointer holds the window that a tab was dragged into: on its strip, not in its very corner. */
const GRIP = { x: 120, y: 18 }

export const useTabMoves = defineStore('tab-moves', () => {
  const workspace = useWorkspace()
  const kept = useKeptWorkspace()
  const windows = useWindows()
  const notices = useNotices()

  /** A terminal that the engine does not know yet stays until it does. */
  function canMove(id: TabId | null): boolean {
    return id !== null && workspace.tabs.get(id)?.session.terminalId.value !== undefined
  }

  /** The only tab of a torn-off window has one already. */
  function canTearOff(id: TabId | null): boolean {
    return canMove(id) && (windows.isMain || workspace.tabs.size > 1)
  }

  async function move(id: TabId, send: (tabs: WorkspaceTab[]) => Promise<unknown>): Promise<void> {
    const tab = kept.entryOf(id)
    const session = workspace.tabs.get(id)?.session
    if (!tab || !session || !canMove(id)) return
    // They are in this page only, and may be a password: nothing else has seen them.
    if (!session.pending.isEmpty) return notices.toast(() => t('windows.pendingFirst'))
    await send([tab])
    workspace.release(id)
  }

  async function tearOff(id: TabId, place: Place | null = null): Promise<void> {
    if (!canTearOff(id)) return
    await move(id, (tabs) => useBackend().call('window_open', { opened: { layout: null, tabs, place } }))
  }

  /** Dragged out of the window and let go there, in pixels of the screen: over another window it goes into that one. */
  async function dropAt(id: TabId, x: number, y: number): Promise<void> {
    const over = await useBackend().call('window_at', { x, y })
    if (over !== null) return toWindow(id, over)
    const { innerWidth: width, innerHeight: height } = window
    await tearOff(id, { x: Math.round(x - GRIP.x), y: Math.round(y - GRIP.y), width, height })
  }

  async function toWindow(id: TabId, to: WindowId): Promise<void> {
    await move(id, (tabs) => useBackend().call('window_give', { to, tabs }))
  }

  return { canMove, canTearOff, tearOff, dropAt, toWindow }
})
