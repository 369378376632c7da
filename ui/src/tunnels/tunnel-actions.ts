/** Tunnels by keys and the palette. */
import { useDrawer } from '../drawer/drawer'
import { useHosts } from '../hosts/hosts'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { EMPTY_TUNNEL, isRunning, useTunnels } from './tunnels'

/** Call within a scope: the actions end with it. */
export function registerTunnelActions(): void {
  const drawer = useDrawer()
  const hosts = useHosts()
  const tunnels = useTunnels()
  const workspace = useWorkspace()

  registerAction({
    id: 'tunnels.add',
    enabled: () => (workspace.activeHostId ?? hosts.selectedId) !== null,
    run: () => {
      const host = workspace.activeHostId ?? hosts.selectedId
      if (host === null) return
      // The form takes the focus, so the drawer is not asked to.
      drawer.page = 'tunnels'
      drawer.open = true
      tunnels.editing = { id: null, host, start: { ...EMPTY_TUNNEL } }
    },
  })
  registerAction({
    id: 'tunnels.stopAll',
    enabled: () => tunnels.all.some(isRunning),
    run: tunnels.stopAll,
  })
}
