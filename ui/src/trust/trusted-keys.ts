/** The lines of known_hosts that a search finds; taking one out, and putting it back. */
import { refDebounced, watchImmediate } from '@vueuse/core'
import { computed, ref, shallowRef, type Ref } from 'vue'
import { toProblem, useBackend, type Problem, type TrustedKey, type TrustedKeys } from '../ipc'

/** Each search reads the files and tests hashed names one by one. */
const SEARCH_AFTER_MS = 120

export interface Removed {
  /** The number that undoes it. */
  id: number
  key: TrustedKey
}

export const rowId = (key: TrustedKey): string => `${key.file}:${String(key.line)}:${key.fingerprint}`

export function useTrustedKeys(search: Ref<string>) {
  const page = shallowRef<TrustedKeys | null>(null)
  const failure = shallowRef<Problem | null>(null)
  const removed = shallowRef<Removed | null>(null)
  const busy = ref(false)
  const settled = refDebounced(search, SEARCH_AFTER_MS)
  const keys = computed(() => page.value?.keys ?? [])
  let newest = 0

  async function load(): Promise<void> {
    const mine = ++newest
    try {
      const found = await useBackend().call('trusted_keys', { search: settled.value })
      // An answer to what was typed before is of no use any more.
      if (mine === newest) page.value = found
    } catch (thrown) {
      if (mine === newest) failure.value = toProblem(thrown)
    }
  }

  async function change(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    failure.value = null
    try {
      await work()
      return true
    } catch (thrown) {
      failure.value = toProblem(thrown)
      return false
    } finally {
      busy.value = false
      await load()
    }
  }

  const remove = (key: TrustedKey) =>
    change(async () => {
      const { file, line, fingerprint } = key
      removed.value = { id: await useBackend().call('trusted_key_remove', { file, line, fingerprint }), key }
    })

  const undo = () =>
    change(async () => {
      if (!removed.value) return
      await useBackend().call('trusted_key_restore', { removal: removed.value.id })
      removed.value = null
    })

  watchImmediate(settled, load)

  return { page, keys, failure, removed, busy, remove, undo }
}
