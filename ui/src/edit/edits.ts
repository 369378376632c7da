/** The files of hosts that are changed in this window: each is a tab. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef } from 'vue'
import { fileName, shownPath } from '../files/path'
import { placeName } from '../files/place'
import { t } from '../i18n'
import { useBackend, type HostId, type KeptDraft } from '../ipc'
import { useNotices } from '../notices/notices'
import { useWorkspace, type TabId } from '../workspace/workspace'
import { createEdit, type Edit } from './edit'

/** What opens at once needs no word before. A host that is away is waited for until its next try, half a minute perhaps. */
const SLOW_MS = 1000

export const useEdits = defineStore('edits', () => {
  const workspace = useWorkspace()
  const open = shallowReactive(new Map<TabId, Edit>())
  /** One with unsaved text that is to be closed: the person is asked. */
  const closing = ref<TabId | null>(null)
  /** One that is to be saved under another name: the person is asked for it. */
  const copying = ref<TabId | null>(null)
  /** Files on their way, so that a double click opens one of them. */
  const opening = new Set<string>()
  const active = computed(() => (workspace.activeId === null ? undefined : open.get(workspace.activeId)))
  const drafts = shallowRef<readonly KeptDraft[]>([])
  /** Texts that were never saved, of files that are not open here. */
  const left = computed(() => {
    const all = [...open.values()]
    return drafts.value.filter(
      ({ host, path }) => !all.some((edit) => edit.hostId === host && edit.path.value.path === path.path),
    )
  })
  const unsaved = computed(() => [...open.values()].filter((edit) => edit.dirty.value))

  /** Opens a file, or shows the tab that has it already. `mine` is put beside what is on the server, to merge them. */
  async function openFile(hostId: HostId, path: string, mine: string | null = null): Promise<void> {
    const known = [...open.values()].find((edit) => edit.hostId === hostId && edit.path.value.path === path)
    if (known) {
      workspace.show(known.tabId)
      if (mine !== null) await known.mergeWith(mine)
      return
    }
    const key = `${hostId}\0${path}`
    if (opening.has(key)) return
    opening.add(key)
    try {
      const name = shownPath(fileName(path))
      const asked = useBackend().call('file_edit_open', { host: hostId, path, encoding: null })
      const slow = setTimeout(() => useNotices().toast(() => t('edit.opening', { name }), { until: asked }), SLOW_MS)
      const opened = await asked.finally(() => clearTimeout(slow))
      if (opened.kind !== 'text') return useNotices().toast(() => t(`edit.not.${opened.kind}`, { name }))
      const edit = createEdit(workspace.newTabId(), hostId, opened.edit, mine)
      open.set(edit.tabId, edit)
      workspace.openPage({
        id: edit.tabId,
        hostId,
        label: () => ({
          name: edit.name.value,
          detail: placeName(hostId),
          whole: `${placeName(hostId)}: ${edit.path.value.shown}`,
        }),
        isUnsaved: () => edit.dirty.value,
        focus: () => edit.surface.value?.focus(),
        askClose: () => askClose(edit.tabId),
        closed: () => closed(edit.tabId),
      })
    } finally {
      opening.delete(key)
    }
  }

  /** Asks which texts were never saved. */
  async function lookForDrafts(): Promise<void> {
    drafts.value = await useBackend().call('file_drafts', {})
  }

  function askClose(id: TabId): void {
    if (open.get(id)?.dirty.value) {
      workspace.show(id)
      closing.value = id
    } else workspace.close(id)
  }

  function closed(id: TabId): void {
    const settled = open.get(id)?.close()
    open.delete(id)
    void settled?.then(lookForDrafts).catch(() => undefined)
    if (closing.value === id) closing.value = null
    if (copying.value === id) copying.value = null
  }

  return { open, closing, copying, active, unsaved, left, openFile, lookForDrafts, nameOf: placeName }
})
