/** The actions of two panes. Their keys are those of every manager with two panes, and count only there. */
import { useFiles } from '../files/files'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { usePanes } from './panes'

/** Call within a scope (the root component): the actions end with it. */
export function registerPanesActions(): void {
  const panes = usePanes()
  const files = useFiles()
  const workspace = useWorkspace()
  /** The keyboard is in them, and not in the drawer beside them or in a field. */
  const isIn = () => document.activeElement?.closest('.two-panes') != null
  const canSend = () => panes.canSend(panes.active)

  registerAction({
    id: 'panes.open',
    keys: 'Mod+Shift+F6',
    run: () => {
      const host = workspace.activeHostId
      panes.openBeside(host, files.front !== null && files.front.hostId === host ? files.front.path.value : '')
    },
  })
  registerAction({ id: 'panes.copy', keys: 'F5', enabled: () => isIn() && canSend(), run: () => send(false) })
  registerAction({ id: 'panes.move', keys: 'F6', enabled: () => isIn() && canSend(), run: () => send(true) })
  registerAction({
    id: 'panes.change',
    enabled: () => panes.active !== undefined,
    run: () => {
      if (panes.active) panes.change(panes.active)
    },
  })

  async function send(moves: boolean): Promise<void> {
    if (panes.active) await panes.send(panes.active, moves)
  }
}
