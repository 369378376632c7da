/**
 * Keys that were typed while a connection was away and text that is not saved are in this page only: its window does not close over
 * them without a word. Nor does Bowline end over pipes and commands that run.
 */
import { computed, watch } from 'vue'
import { t } from '../i18n'
import { useBackend, type Stop } from '../ipc'
import { useNotices } from '../notices/notices'
import { useEdits } from '../edit/edits'
import { useExternals } from '../edit/externals'
import { usePipes } from '../pipes/pipes'
import { useRuns } from '../runs/runs'
import { useWindows } from './windows'
import { useWorkspace } from '../workspace/workspace'

/** Call once the workspace is there. */
export async function followUnsentKeys(): Promise<Stop> {
  const workspace = useWorkspace()
  const tab = computed(() => [...workspace.tabs.values()].find(({ session }) => session.pending.shown.value !== ''))
  const edits = useEdits()
  const externals = useExternals()
  // One window says it for all.
  const windows = useWindows()
  const outside = () => (windows.isMain ? externals.unsent.length : 0)
  const pipes = usePipes()
  const runs = useRuns()
  // They end with Bowline and not with a window, so the window that is left last has to say it. That is the first one by then.
  const speaks = () => windows.view.windows[0]?.id === windows.own
  const works = () => speaks() && (pipes.all.some(({ running }) => running) || runs.isRunning)
  const stop = watch(
    () => tab.value !== undefined || edits.unsaved.length > 0 || outside() > 0 || works(),
    // Not heard, the window closes as any other.
    (keeps) =>
      void useBackend()
        .call('window_unsent', { keeps })
        .catch(() => undefined),
    // A page that starts anew finds what runs already.
    { immediate: true },
  )
  function showWork(): void {
    const pipe = [...pipes.open.values()].find((one) => pipes.isRunning(one))
    if (pipe) workspace.show(pipe.id)
    else if (runs.isRunning && runs.open) workspace.show(runs.TAB)
  }
  const stopListening = await useBackend().onKeptOpen(() => {
    const edit = edits.unsaved[0]
    if (tab.value) workspace.show(tab.value.id)
    else if (edit) workspace.show(edit.tabId)
    else if (works()) showWork()
    const [other] = externals.unsent
    if (tab.value) useNotices().toast(() => t('windows.unsentFirst'))
    else if (edit) useNotices().toast(() => t('edit.unsavedFirst'))
    else if (other && outside() > 0)
      useNotices().toast(() => t('edit.external.unsentFirst', { name: externals.nameOf(other), folder: other.folder }))
    // The next try ends these as well, so it is said beside the others.
    if (works()) useNotices().toast(() => t('windows.runsFirst'))
  })
  return () => {
    stop()
    stopListening()
  }
}
