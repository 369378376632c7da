/** Commands on many hosts by keys and the palette. */
import { useHosts } from '../hosts/hosts'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { useRuns } from './runs'

/** Call within a scope (the root component): the actions end with it. */
export function registerRunActions(): void {
  const runs = useRuns()
  const hosts = useHosts()
  const workspace = useWorkspace()

  registerAction({
    id: 'run.open',
    keys: 'Mod+Shift+F8',
    run: () => {
      const host = workspace.activeHostId ?? hosts.selectedId
      runs.openWith(!runs.open && runs.chosen.size === 0 && host !== null && hosts.find(host) ? [host] : [])
    },
  })
  registerAction({
    id: 'run.start',
    keys: 'Mod+Enter',
    enabled: () => runs.isFront && runs.form?.ready() === true,
    run: () => runs.form?.start(),
  })
  registerAction({
    id: 'run.stop',
    enabled: () => runs.isFront && runs.shown?.running === true,
    run: async () => {
      if (runs.shown) await runs.stop(runs.shown.id)
    },
  })
}
