/** Tabs with pipes between hosts: what each is to do, and how those that run are doing. */
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowReactive, shallowRef } from 'vue'
import { useBackend, type HostId, type PipeDraft, type PipeId, type PipesView, type SavedPipe } from '../ipc'
import type { KeptPipe } from '../workspace/kept-work'
import { useWorkspace, type TabId } from '../workspace/workspace'
import { draftOf, emptyCard, formOf, missingIn, type PipeForm } from './form'
import { pipeName } from './pipe-words'

/** What a tab begins with. */
const EMPTY: PipeDraft = { source: null, commands: [], target: null, overwrite: false }

function createPipe(id: TabId, start: PipeDraft, name: string) {
  const form: PipeForm = reactive(formOf(start))
  /** The last run of it. */
  const run = ref<PipeId | null>(null)
  /** Its stages are shown as fields, and not as they run. */
  const editing = ref(true)
  /** The person wants to close it, and it runs. */
  const closing = ref(false)
  /** Counts up when it is to take the keyboard. */
  const wanted = ref(0)
  const savedAs = ref(name)
  const title = computed(() => savedAs.value || pipeName(draftOf(form)))
  return { id, form, run, editing, closing, wanted, savedAs, title }
}

export type PipeTab = ReturnType<typeof createPipe>

export const usePipes = defineStore('pipes', () => {
  const workspace = useWorkspace()
  const all = shallowRef<PipesView['pipes']>([])
  const saved = shallowRef<readonly SavedPipe[]>([])
  const open = shallowReactive(new Map<TabId, PipeTab>())
  const active = computed(() => (workspace.activeId === null ? undefined : open.get(workspace.activeId)))

  const viewOf = (tab: PipeTab | undefined) => all.value.find(({ id }) => id === tab?.run.value)
  const isRunning = (tab: PipeTab | undefined): boolean => viewOf(tab)?.running ?? false
  /** Those that run, or did, and are in no tab of this window. */
  const astray = computed(() => {
    const shown = new Set([...open.values()].map(({ run }) => run.value))
    return all.value.filter(({ id }) => !shown.has(id))
  })

  function show({ pipes }: PipesView): void {
    all.value = pipes
  }

  function openTab(start: PipeDraft, name = ''): PipeTab {
    const tab = put(createPipe(`pipe-${workspace.newTabId()}`, start, name))
    workspace.show(tab.id)
    return tab
  }

  function put(tab: PipeTab): PipeTab {
    open.set(tab.id, tab)
    workspace.addPage({
      id: tab.id,
      hostId: null,
      label: () => ({ name: tab.title.value, detail: '', whole: '' }),
      isUnsaved: () => isRunning(tab),
      focus: () => tab.wanted.value++,
      askClose: () => {
        tab.closing.value = isRunning(tab)
        if (tab.closing.value) workspace.show(tab.id)
        else workspace.close(tab.id)
      },
      closed: () => {
        open.delete(tab.id)
        if (tab.run.value !== null) void useBackend().call('pipe_forget', { id: tab.run.value })
      },
    })
    return tab
  }

  /** A new one, which begins at a host. */
  function openNew(hostId: HostId | null): void {
    const [first, second] = [emptyCard(hostId ?? ''), emptyCard()]
    openTab({ ...EMPTY, commands: [first, second].map(({ hostId, line, tee }) => ({ hostId, line, tee })) })
  }

  /** A saved one: filled in, and not run. */
  function openSaved({ name, draft }: SavedPipe): void {
    openTab(draft, name)
  }

  /** One that runs without a tab, as after a reload of the page. */
  function openRun(id: PipeId): void {
    const view = all.value.find((pipe) => pipe.id === id)
    if (!view) return
    const tab = openTab(view.draft)
    tab.run.value = id
    tab.editing.value = false
  }

  function kept(): KeptPipe[] {
    return [...open.values()].flatMap(({ id, run, savedAs }) =>
      run.value === null ? [] : [{ id, run: run.value, savedAs: savedAs.value }],
    )
  }

  /** Brings back the tabs of those that the engine still has. */
  function bringBack(known: readonly KeptPipe[]): void {
    for (const { id, run, savedAs } of known) {
      const view = all.value.find((pipe) => pipe.id === run)
      if (!view || open.has(id)) continue
      const tab = put(createPipe(id, view.draft, savedAs))
      tab.run.value = run
      tab.editing.value = false
    }
  }

  const canRun = (tab: PipeTab | undefined): boolean => tab !== undefined && !isRunning(tab) && missingIn(tab.form) === null

  async function run(tab: PipeTab): Promise<void> {
    if (!canRun(tab)) return
    const before = tab.run.value
    tab.run.value = await useBackend().call('pipe_run', { draft: draftOf(tab.form) })
    tab.editing.value = false
    if (before !== null) await useBackend().call('pipe_forget', { id: before })
  }

  async function stop(tab: PipeTab): Promise<void> {
    if (tab.run.value !== null && isRunning(tab)) await useBackend().call('pipe_stop', { id: tab.run.value })
  }

  async function stopAndClose(tab: PipeTab): Promise<void> {
    await stop(tab)
    workspace.close(tab.id)
  }

  async function load(): Promise<void> {
    saved.value = await useBackend().call('pipes_saved', {})
  }

  async function save(tab: PipeTab, name: string): Promise<void> {
    saved.value = await useBackend().call('pipe_save', { pipe: { name, draft: draftOf(tab.form) } })
    tab.savedAs.value = name
  }

  async function unsave(tab: PipeTab): Promise<void> {
    saved.value = await useBackend().call('pipe_unsave', { name: tab.savedAs.value })
    tab.savedAs.value = ''
  }

  return {
    all,
    saved,
    open,
    active,
    astray,
    viewOf,
    isRunning,
    show,
    openNew,
    openSaved,
    openRun,
    kept,
    bringBack,
    canRun,
    run,
    stop,
    stopAndClose,
    load,
    save,
    unsave,
  }
})
