/** The tray by keys and the palette. */
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { focusRequests } from './job-focus'
import { makesSense, useJobs } from './jobs'
import type { JobOrder } from '../ipc'

/** Call within a scope: the actions end with it. */
export function registerJobActions(): void {
  const jobs = useJobs()
  const workspace = useWorkspace()
  const any = (order: JobOrder) => jobs.jobs.some((job) => makesSense(job, order))

  registerAction({
    id: 'jobs.toggle',
    keys: 'Mod+Shift+Alt+J',
    enabled: () => jobs.jobs.length > 0,
    run: () => {
      if (jobs.shown && jobs.opened) {
        jobs.opened = false
        workspace.focusActive()
        return
      }
      jobs.open()
      focusRequests.value++
    },
  })
  registerAction({
    id: 'jobs.pause',
    keys: 'Mod+Shift+Alt+Z',
    enabled: () => any('pause') || any('resume'),
    run: () => jobs.orderAll(any('pause') ? 'pause' : 'resume'),
  })
  registerAction({ id: 'jobs.retry', keys: 'Mod+Shift+Alt+7', enabled: () => any('retry'), run: () => jobs.orderAll('retry') })
  registerAction({ id: 'jobs.cancel', keys: 'Mod+Shift+Alt+8', enabled: () => any('cancel'), run: () => jobs.orderAll('cancel') })
  registerAction({ id: 'jobs.clear', keys: 'Mod+Shift+Alt+6', enabled: () => any('remove'), run: () => jobs.orderAll('remove') })
}
