/** The files panel of one host: where it is and was, what of it is shown and chosen, and what is being done. */
import { computed, ref, shallowRef, watch } from 'vue'
import { i18n, t } from '../i18n'
import { useBackend, type HostId, type ModeChange, type WorkView } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { useSettings } from '../settings/settings'
import { useFolder } from './folder'
import { fileName, joinPath, parentPath } from './path'
import { arranged, type Row } from './rows'
import { useSelection } from './selection'

/** Places that "back" remembers. */
const HISTORY_MAX = 100
const PROGRESS_EVERY_MS = 250

export interface RunningWork {
  kind: 'delete' | 'trash' | 'permissions'
  id: string
  view: WorkView | null
}

export function createPanel(hostId: HostId) {
  const settings = useSettings()
  const folder = useFolder(hostId)
  const filter = ref('')
  const back = shallowRef<readonly string[]>([])
  const forward = shallowRef<readonly string[]>([])
  const renaming = ref<string | null>(null)
  /** A name is asked for in the list, of something new. */
  const making = ref<'folder' | 'file' | null>(null)
  const work = shallowRef<RunningWork | null>(null)
  /** What became of the last work, if not all of it went well. */
  const outcome = shallowRef<{ kind: RunningWork['kind']; view: WorkView } | null>(null)
  /** Where the list is scrolled to, as it is taken away with its page. */
  const scrolledTo = ref(0)
  const look = () => settings.current.files

  const owner = (row: Row): string => {
    if (row.user === null) return ''
    const { users, groups } = folder.users.value
    const user = users[row.user] ?? String(row.user)
    return row.group === null ? user : `${user}:${groups[row.group] ?? row.group}`
  }
  const rows = computed(() =>
    arranged(folder.rows.value, {
      sorting: look().sorting,
      hidden: look().hidden,
      filter: filter.value,
      owner,
      language: i18n.global.locale.value,
    }),
  )
  const selection = useSelection(rows)
  // What is only filtered out may come back where it was.
  const isGone = () => !folder.rows.value.some(({ name }) => name === selection.cursor.value)
  watch(rows, (_, before) => selection.prune(isGone() ? before : []))

  /** Shows another folder; `choose` names what the keyboard is at there. */
  async function go(path: string, choose: string | null = null): Promise<boolean> {
    const from = folder.path.value
    begin()
    const loading = folder.load(path)
    const there = await loading
    if (from !== '' && from !== folder.path.value) {
      back.value = [...back.value, from].slice(-HISTORY_MAX)
      forward.value = []
    }
    if (there) selection.set(choose === null ? [] : [choose])
    return there
  }

  function begin(): void {
    filter.value = ''
    renaming.value = null
    making.value = null
    scrolledTo.value = 0
    selection.set([])
  }

  async function step(direction: 'back' | 'forward'): Promise<void> {
    const [from, to] = direction === 'back' ? [back, forward] : [forward, back]
    const next = from.value.at(-1)
    if (next === undefined) return
    const left = folder.path.value
    from.value = from.value.slice(0, -1)
    to.value = [...to.value, left].slice(-HISTORY_MAX)
    begin()
    if (await folder.load(next)) selection.set(parentPath(left) === next ? [fileName(left)] : [])
  }

  async function up(): Promise<void> {
    const parent = parentPath(folder.path.value)
    if (parent !== null) await go(parent, fileName(folder.path.value))
  }

  /** Shows the folder as it is by now; what is chosen stays. `choose` is chosen instead, once it is there. */
  async function reload(choose?: string): Promise<void> {
    if (!(await folder.load(folder.path.value, { quietly: folder.problem.value === null }))) return
    if (choose !== undefined) selection.set([choose])
  }

  const pathOf = (row: Row): string => joinPath(folder.path.value, row.name)
  const chosenPaths = (): string[] => selection.chosenRows.value.map(pathOf)

  async function make(kind: 'folder' | 'file', name: string): Promise<void> {
    const args = { host: hostId, folder: folder.path.value, name }
    await useBackend().call(kind === 'folder' ? 'files_make_folder' : 'files_make_file', args)
    making.value = null
    await reload(name)
  }

  async function rename(row: Row, name: string): Promise<void> {
    if (name !== row.name) await useBackend().call('files_rename', { host: hostId, path: pathOf(row), name })
    renaming.value = null
    if (name !== row.name) await reload(name)
  }

  /** What was to be deleted last, as far as it lies in one folder. */
  let removing: readonly string[] = []

  async function remove(paths: string[], trash: boolean): Promise<void> {
    removing = paths
    await run(trash ? 'trash' : 'delete', (id) => useBackend().call('files_delete', { host: hostId, paths, trash, work: id }))
    // Whoever deletes one after the other goes on with the next.
    if (selection.chosen.value.size === 0 && selection.cursorIndex.value >= 0) selection.only(selection.cursorIndex.value)
  }

  /** Chooses what was to be deleted and is still there; false if there is nothing. */
  function chooseLeft(): boolean {
    const left = removing.filter((path) => parentPath(path) === folder.path.value).map(fileName)
    const there = rows.value.filter(({ name }) => left.includes(name)).map(({ name }) => name)
    if (there.length > 0) selection.set(there)
    return there.length > 0
  }

  /** To a path that a person typed, which may be that of a file. */
  async function goTyped(path: string): Promise<void> {
    if ((await go(path)) || folder.problem.value === null) return
    const failed = folder.problem.value
    const found = await useBackend()
      .call('files_properties', { host: hostId, path })
      // It is not there either.
      .catch(() => null)
    const parent = found && parentPath(found.path.path)
    if (!found || parent === null || found.kind === 'folder' || folder.problem.value !== failed) return
    await go(parent, fileName(found.path.path))
    // It is no folder to go back to.
    back.value = back.value.filter((one) => one !== path)
  }

  function setMode(paths: string[], change: ModeChange): Promise<void> {
    return run('permissions', (id) => useBackend().call('files_permissions', { host: hostId, paths, change, work: id }))
  }

  /** Work that takes its time: how far it is is asked for, and what went wrong is shown until it is read. */
  async function run(kind: RunningWork['kind'], start: (id: string) => Promise<WorkView>): Promise<void> {
    if (work.value) {
      useNotices().toast(() => t('files.busy'))
      return
    }
    const id = crypto.randomUUID()
    work.value = { kind, id, view: null }
    outcome.value = null
    const timer = setInterval(() => {
      void useBackend()
        .call('files_progress', { work: id })
        .then((view) => {
          if (view && work.value?.id === id) work.value = { kind, id, view }
        })
        .catch(() => undefined)
    }, PROGRESS_EVERY_MS)
    await attempt(async () => {
      const view = await start(id)
      if (view.problemCount > 0 || view.cancelled) outcome.value = { kind, view }
    })
    clearInterval(timer)
    work.value = null
    await reload()
  }

  function cancelWork(): void {
    const id = work.value?.id
    if (id !== undefined) void attempt(() => useBackend().call('files_cancel', { work: id }))
  }

  return {
    hostId,
    ...folder,
    allRows: folder.rows,
    rows,
    filter,
    back,
    forward,
    renaming,
    making,
    work,
    outcome,
    scrolledTo,
    selection,
    owner,
    go,
    step,
    up,
    reload,
    pathOf,
    chosenPaths,
    make,
    rename,
    remove,
    chooseLeft,
    goTyped,
    setMode,
    cancelWork,
  }
}

export type Panel = ReturnType<typeof createPanel>
