/** The actions of folder sync. */
import { useDialogs } from '../dialogs'
import { useDrawer } from '../drawer/drawer'
import { useFiles } from '../files/files'
import { attempt } from '../notices/attempt'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { useSyncs } from './sync'

/** Call within a scope (the root component): the actions end with it. */
export function registerSyncActions(): void {
  const dialogs = useDialogs()
  const drawer = useDrawer()
  const files = useFiles()
  const workspace = useWorkspace()
  void attempt(() => useSyncs().load())

  registerAction({
    id: 'sync.open',
    keys: 'Mod+Shift+F5',
    run: () => {
      const panel = drawer.shown === 'files' ? files.front : null
      const hostId = panel?.hostId ?? workspace.activeHostId
      const target =
        hostId === null || hostId === undefined ? undefined : { at: 'host' as const, hostId, path: panel?.path.value ?? '' }
      dialogs.show({ kind: 'sync', ...(target ? { start: { target } } : {}) })
    },
  })
}
