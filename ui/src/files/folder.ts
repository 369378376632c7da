/** A folder of a host as it comes in from the engine, page by page. The last one that was asked for is the one that counts. */
import { ref, shallowRef } from 'vue'
import { toProblem, useBackend, type FolderPage, type HostId, type OwnerNames, type Problem } from '../ipc'
import { toRow, type Row } from './rows'

/** What comes sooner is never said to be loading. */
const SLOW_MS = 200
/** While a folder comes in it is put in order and shown anew whenever it has grown by so much: each time costs more than the last. */
const SHOW_GROWN = 2

export function useFolder(hostId: HostId) {
  /** What the engine calls the folder, or what was asked for while that is not known. */
  const path = ref('')
  const rows = shallowRef<readonly Row[]>([])
  const users = shallowRef<Readonly<OwnerNames>>({ users: {}, groups: {} })
  const loading = ref(false)
  /** It has been loading long enough to say so. */
  const slow = ref(false)
  const problem = shallowRef<Problem | null>(null)
  /** There is more than is shown. */
  const cut = ref(false)
  /** Names that are none. */
  const refused = ref(0)
  /** Something was shown once. */
  const shownOnce = ref(false)
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function leave(listing: number | null): void {
    if (listing === null) return
    void useBackend()
      .call('files_leave', { listing })
      .catch(() => undefined)
  }

  /** Shows a folder; with `quietly` what is shown stays until all of it is there anew. Says whether it is there. */
  async function load(wanted: string, { quietly = false } = {}): Promise<boolean> {
    const mine = ++turn
    loading.value = true
    slow.value = false
    clearTimeout(timer)
    timer = setTimeout(() => {
      slow.value = true
    }, SLOW_MS)
    if (!quietly) problem.value = null
    try {
      const first = await useBackend().call('files_list', { host: hostId, path: wanted })
      return await take(first, mine, quietly)
    } catch (thrown) {
      if (mine !== turn) return false
      problem.value = toProblem(thrown)
      if (!quietly) {
        rows.value = []
        if (wanted.startsWith('/')) path.value = wanted
      }
      return false
    } finally {
      if (mine === turn) {
        loading.value = false
        slow.value = false
        clearTimeout(timer)
      }
    }
  }

  async function take(first: FolderPage, mine: number, quietly: boolean): Promise<boolean> {
    const all: Row[] = []
    const names: OwnerNames = { users: {}, groups: {} }
    let page = first
    let shownRows = 0
    for (;;) {
      if (mine !== turn) {
        leave(page.listing)
        return false
      }
      for (const row of page.rows) all.push(toRow(row))
      Object.assign(names.users, page.names.users)
      Object.assign(names.groups, page.names.groups)
      const last = page.listing === null
      if (last || (!quietly && all.length >= SHOW_GROWN * shownRows)) {
        show(page, all, names)
        shownRows = all.length
      }
      if (page.listing === null) return true
      const next: FolderPage | null = await useBackend().call('files_page', { listing: page.listing })
      if (next === null) {
        if (mine === turn) show(page, all, names)
        return mine === turn
      }
      page = next
    }
  }

  function show(page: FolderPage, all: readonly Row[], names: OwnerNames): void {
    path.value = page.path
    users.value = { users: { ...names.users }, groups: { ...names.groups } }
    rows.value = [...all]
    cut.value = page.cut
    refused.value = page.refused
    problem.value = null
    shownOnce.value = true
  }

  return { path, rows, users, loading, slow, problem, cut, refused, shownOnce, load }
}
