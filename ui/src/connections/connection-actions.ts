/** The actions on the connection of the terminal in front, or of the host that is chosen in the sidebar while there is none. */
import { DRAWER_PAGES, useDrawer } from '../drawer/drawer'
import { useHosts } from '../hosts/hosts'
import type { HostId } from '../ipc'
import { useTimeline } from '../timeline/timeline'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { useConnections } from './connections'

const PAGE_KEYS = {
  files: 'Mod+Shift+Alt+F',
  health: 'Mod+Shift+H',
  tunnels: { mac: 'Cmd+Shift+U', other: 'Ctrl+Shift+Z' },
  timeline: 'Mod+Shift+Y',
} as const

/** Call in the root component: the actions live as long as it does. */
export function registerConnectionActions(): void {
  const connections = useConnections()
  const drawer = useDrawer()
  const hosts = useHosts()
  const timeline = useTimeline()
  const workspace = useWorkspace()

  const hostId = (): HostId | null => workspace.activeHostId ?? hosts.selectedId
  const canRetry = () => {
    const id = hostId()
    return id !== null && connections.canRetry(id)
  }
  const withHost = (work: (id: HostId) => Promise<void>) => async () => {
    const id = hostId()
    if (id !== null) await work(id)
  }

  /** A terminal that ended waits for no next try: it is opened again, as by Enter in it. */
  async function retry(id: HostId): Promise<void> {
    const session = workspace.active?.session
    if (session?.hostId === id && session.state.value.state === 'ended') session.reopen()
    else await connections.retry(id)
  }

  for (const page of DRAWER_PAGES) {
    registerAction({ id: `${page}.show`, keys: PAGE_KEYS[page], run: () => drawer.toggle(page) })
  }
  registerAction({ id: 'drawer.toggle', keys: 'Mod+Shift+O', run: () => drawer.toggle() })
  registerAction({ id: 'timeline.save', enabled: () => timeline.entries.length > 0, run: () => timeline.save() })
  registerAction({ id: 'connection.retry', keys: 'Mod+Shift+N', enabled: canRetry, run: withHost(retry) })
  registerAction({
    id: 'connection.giveUp',
    keys: 'Mod+Shift+G',
    enabled: canRetry,
    run: withHost(connections.giveUp),
  })
}
