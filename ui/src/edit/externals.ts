/** Files of hosts that other programs change: the engine watches their copies and sends back what is saved. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { fileName, shownPath } from '../files/path'
import { t } from '../i18n'
import { useBackend, type ExternalAnswer, type ExternalEdit, type HostId } from '../ipc'
import { useNotices } from '../notices/notices'
import { useSettings } from '../settings/settings'

export const useExternals = defineStore('externals', () => {
  const all = shallowRef<readonly ExternalEdit[]>([])
  const unsent = computed(() => all.value.filter((edit) => edit.unsent))
  /** One that is to be saved under another name: the person is asked for it. */
  const copying = ref<number | null>(null)

  function show(edits: readonly ExternalEdit[]): void {
    all.value = edits
  }

  function nameOf(edit: ExternalEdit): string {
    return shownPath(fileName(edit.path.path))
  }

  async function open(host: HostId, path: string): Promise<void> {
    const command = useSettings().current.editorCommand
    await useBackend().call('file_edit_external', { host, path, command })
    useNotices().toast(() => t('edit.external.opened', { name: shownPath(fileName(path)) }))
  }

  function answer(edit: ExternalEdit, given: ExternalAnswer): Promise<unknown> {
    return useBackend().call('file_edit_answer', { id: edit.id, answer: given })
  }

  /** What was not sent stays in its folder, which is named. */
  async function stop(edit: ExternalEdit): Promise<void> {
    await answer(edit, { kind: 'stop', keep: edit.unsent })
    if (edit.unsent) useNotices().toast(() => t('edit.external.kept', { name: nameOf(edit), folder: edit.folder }))
  }

  return { all, unsent, copying, show, nameOf, open, answer, stop }
})
