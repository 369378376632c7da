/** What lies under the pointer that files can be dropped on: a terminal, or a folder that a panel shows. */
import type { HostId, TerminalId } from '../ipc'
import type { TerminalSession } from '../terminal/session'
import { isHost, LOCAL_ID } from '../terminal/targets'
import { useWorkspace } from '../workspace/workspace'
import { liesThere, type Dragged } from './dragged'

export type DropTarget =
  | { kind: 'terminal'; id: TerminalId; hostId: HostId; element: Element }
  /** A local shell: the paths are typed. */
  | { kind: 'local'; session: TerminalSession; element: Element }
  | { kind: 'folder'; hostId: HostId; path: string; element: Element }

/** In pixels of the page. A dialog covers everything. */
export function dropTargetAt(x: number, y: number, dragged: Dragged | undefined): DropTarget | undefined {
  const under = document.elementFromPoint(x, y)
  if (!under || document.querySelector('[role="dialog"], [role="alertdialog"]')) return undefined
  const folder = under.closest<HTMLElement>('[data-drop-host][data-drop-path]')
  if (folder) return folderTarget(folder, dragged)
  const pane = under.closest('section.terminal')
  if (!pane) return undefined
  const tabs = [...useWorkspace().tabs.values()]
  const session = tabs.map((tab) => tab.session).find((one) => one.isOnScreen() && pane.contains(one.surface.element))
  return session && terminalTarget(session, pane, dragged)
}

function folderTarget(element: HTMLElement, dragged: Dragged | undefined): DropTarget | undefined {
  const { dropHost: hostId = '', dropPath: path = '' } = element.dataset
  if (path === '' || (dragged && liesThere(dragged, hostId, path))) return undefined
  return { kind: 'folder', hostId, path, element }
}

function terminalTarget(session: TerminalSession, element: Element, dragged: Dragged | undefined): DropTarget | undefined {
  const { id, hostId } = session
  // Where nothing runs there is no directory, and a drag must dial nobody.
  if (id === undefined || session.state.value.state !== 'running') return undefined
  if (isHost(hostId)) return { kind: 'terminal', id, hostId, element }
  return hostId === LOCAL_ID && dragged?.hostId === LOCAL_ID ? { kind: 'local', session, element } : undefined
}

export function sameTarget(a: DropTarget | undefined, b: DropTarget | undefined): boolean {
  return a?.element === b?.element
}
