/** The actions on windows, and on the active tab's way from one to another. */
import { useBackend } from '../ipc'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { useTabMoves } from './tab-moves'
import { useWindows } from './windows'

/** Call within a scope (the workspace's component): the actions end with it. */
export function registerWindowsActions(): void {
  const workspace = useWorkspace()
  const windows = useWindows()
  const moves = useTabMoves()

  registerAction({
    id: 'tab.toNewWindow',
    keys: 'Mod+Shift+Alt+PageUp',
    enabled: () => moves.canTearOff(workspace.activeId),
    run: () => (workspace.activeId === null ? undefined : moves.tearOff(workspace.activeId)),
  })
  registerAction({
    id: 'tab.toNextWindow',
    keys: 'Mod+Shift+Alt+PageDown',
    enabled: () => windows.next !== undefined && moves.canMove(workspace.activeId),
    run: async () => {
      if (workspace.activeId !== null && windows.next) await moves.toWindow(workspace.activeId, windows.next.id)
    },
  })
  registerAction({
    id: 'tab.toMainWindow',
    keys: 'Mod+Shift+Alt+Home',
    enabled: () => windows.main !== undefined && moves.canMove(workspace.activeId),
    run: async () => {
      if (workspace.activeId !== null && windows.main) await moves.toWindow(workspace.activeId, windows.main.id)
    },
  })
  registerAction({
    id: 'window.next',
    keys: 'Mod+Shift+Alt+End',
    enabled: () => windows.next !== undefined,
    run: async () => {
      if (windows.next) await useBackend().call('window_show', { id: windows.next.id })
    },
  })
  registerAction({ id: 'window.quit', run: async () => void (await useBackend().call('quit', {})) })
}
