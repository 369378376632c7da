/** The kept snippets, as the palette and the dialog list them. Their texts stay in the engine until one is wanted. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { t } from '../i18n'
import { useBackend, type Snippet, type SnippetDraft, type SnippetEntry, type SnippetId } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'

export const useSnippets = defineStore('snippets', () => {
  const notices = useNotices()
  /** All of them, by name. */
  const all = shallowRef<SnippetEntry[]>([])
  /** What was filled in last, by the name of the placeholder; for this run only. */
  const lastValues = new Map<string, string>()

  async function load(): Promise<void> {
    all.value = await useBackend().call('snippets', { search: '' })
  }

  function find(search: string): Promise<SnippetEntry[]> {
    return useBackend().call('snippets', { search })
  }

  function get(id: SnippetId): Promise<Snippet> {
    return useBackend().call('snippet', { id })
  }

  /** Saves a new one where there is no id. */
  async function save(id: SnippetId | null, draft: SnippetDraft): Promise<Snippet> {
    const saved =
      id === null
        ? await useBackend().call('snippet_create', { draft })
        : await useBackend().call('snippet_update', { id, draft })
    await load()
    return saved
  }

  async function remove({ id, name }: SnippetEntry): Promise<void> {
    await useBackend().call('snippet_delete', { id })
    await load()
    notices.toast(() => t('many.snippets.deleted', { name }), {
      action: { label: () => t('buttons.undo'), run: () => restore(id) },
    })
  }

  const restore = (id: SnippetId) =>
    attempt(async () => {
      await useBackend().call('snippet_restore', { id })
      await load()
    })

  return { all, lastValues, load, find, get, save, remove, restore }
})
