/** Commands on many hosts: the runs as the engine last told of them, and the tab from which they are begun. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef } from 'vue'
import { t } from '../i18n'
import { useBackend, type HostId, type RunFormat, type RunId, type RunOutput, type RunRequest, type RunView } from '../ipc'
import { useWorkspace, type TabId } from '../workspace/workspace'

/** There is one such tab in a window; it shows one run of all. */
const TAB: TabId = 'run'

/** What stands below the command: what came of runs, or what was left running. */
export type RunSide = 'results' | 'detached'

/** What begins a run. */
export interface RunStarter {
  ready: () => boolean
  start: () => Promise<void>
}

export const useRuns = defineStore('runs', () => {
  const workspace = useWorkspace()
  /** Oldest first. */
  const all = shallowRef<readonly RunView[]>([])
  const shownId = ref<RunId | null>(null)
  const shown = computed(() => all.value.find(({ id }) => id === shownId.value))
  const open = ref(false)
  /** The hosts that are checked. */
  const chosen = shallowReactive(new Set<HostId>())
  const command = ref('')
  const side = ref<RunSide>('results')
  /** Equal results are one row, in whichever run is shown. */
  const grouped = ref(false)
  /** Counts up when the command is to take the keyboard. */
  const wanted = ref(0)
  /** The form of the tab: what is typed there for a command to read may be a secret, so it stays there. */
  const form = shallowRef<RunStarter | null>(null)
  const isRunning = computed(() => all.value.some(({ running }) => running))
  /** The person wants to close the tab, and a command runs. */
  const closing = ref(false)
  const isFront = computed(() => open.value && workspace.activeId === TAB)

  function showAll(runs: readonly RunView[]): void {
    all.value = runs
    if (shown.value === undefined) shownId.value = runs.at(-1)?.id ?? null
  }

  function show(run: RunView): void {
    if (all.value.some(({ id }) => id === run.id)) all.value = all.value.map((one) => (one.id === run.id ? run : one))
  }

  /** Opens the tab, with these hosts checked if any are named. Nothing runs. */
  function openWith(hosts: readonly HostId[] = []): void {
    if (hosts.length > 0) {
      chosen.clear()
      hosts.forEach((id) => chosen.add(id))
    }
    if (open.value) {
      workspace.show(TAB)
      return
    }
    put()
    workspace.show(TAB)
  }

  function put(): void {
    open.value = true
    workspace.addPage({
      id: TAB,
      hostId: null,
      label: () => ({ name: t('runs.tab'), detail: '', whole: '' }),
      isUnsaved: () => isRunning.value,
      focus: () => wanted.value++,
      askClose: () => {
        closing.value = isRunning.value
        if (closing.value) workspace.show(TAB)
        else workspace.close(TAB)
      },
      closed: () => (open.value = closing.value = false),
    })
  }

  /** The run that the tab shows. */
  const keptRun = (): RunId | null => (open.value ? shownId.value : null)

  /** Brings back the tab of a run that the engine still has. */
  function bringBack(id: RunId | null): void {
    const run = all.value.find((one) => one.id === id)
    if (!run || open.value) return
    shownId.value = run.id
    command.value = run.command
    run.hosts.forEach(({ hostId }) => chosen.add(hostId))
    put()
  }

  async function refresh(): Promise<void> {
    showAll(await useBackend().call('runs', {}))
  }

  async function start(request: RunRequest): Promise<void> {
    side.value = 'results'
    const id = await useBackend().call('run_start', { request })
    await refresh()
    shownId.value = id
  }

  async function again(id: RunId, hosts: HostId[]): Promise<void> {
    const next = await useBackend().call('run_again', { id, hosts })
    await refresh()
    shownId.value = next
  }

  async function stopAllAndClose(): Promise<void> {
    await Promise.all(all.value.filter(({ running }) => running).map(({ id }) => stop(id)))
    workspace.close(TAB)
  }

  const stop = (id: RunId) => useBackend().call('run_stop', { id })
  const output = (id: RunId, host: HostId): Promise<RunOutput> => useBackend().call('run_output', { id, host })
  const save = (id: RunId, format: RunFormat) => useBackend().call('run_save', { id, format })

  async function remove(id: RunId): Promise<void> {
    await useBackend().call('run_remove', { id })
    await refresh()
  }

  return {
    TAB,
    all,
    shownId,
    shown,
    open,
    chosen,
    command,
    side,
    grouped,
    wanted,
    isRunning,
    closing,
    isFront,
    form,
    keptRun,
    bringBack,
    showAll,
    show,
    openWith,
    start,
    again,
    stop,
    stopAllAndClose,
    output,
    save,
    remove,
  }
})
