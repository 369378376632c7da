/** The actions of the broadcast. */
import { useDialogs } from '../dialogs'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { useBroadcast } from './broadcast'

/** Call within a scope (the workspace's component): the actions end with it. */
export function registerBroadcastActions(): void {
  const broadcast = useBroadcast()
  const workspace = useWorkspace()
  const dialogs = useDialogs()
  const takesPart = () => workspace.activeId !== null && broadcast.members.has(workspace.activeId)

  registerAction({
    id: 'broadcast.choose',
    keys: 'Mod+Shift+Alt+B',
    enabled: () => broadcast.candidates().length > 1,
    run: () => dialogs.show({ kind: 'broadcast' }),
  })
  registerAction({
    id: 'broadcast.join',
    enabled: () => broadcast.active && !takesPart() && workspace.active?.session.ended === false,
    run: () => {
      if (workspace.activeId !== null) broadcast.join(workspace.activeId)
    },
  })
  registerAction({
    id: 'broadcast.leave',
    enabled: takesPart,
    run: () => {
      if (workspace.activeId !== null) broadcast.leave(workspace.activeId)
    },
  })
  // The key that begins it ends it: this one is registered later and wins while there is something to stop.
  registerAction({
    id: 'broadcast.stop',
    keys: 'Mod+Shift+Alt+B',
    enabled: () => broadcast.active,
    run: () => broadcast.stop(),
  })
}
