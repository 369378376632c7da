/** What happened to the connections, as the engine tells it, oldest first. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { t } from '../i18n'
import { useBackend, type HostId, type TimelineEntry } from '../ipc'
import { useNotices } from '../notices/notices'

/** As many as the engine keeps; the oldest goes first. */
const ENTRIES_MAX = 2000

export const useTimeline = defineStore('timeline', () => {
  const entries = shallowRef<readonly TimelineEntry[]>([])
  /** Only this host is shown; null is all. */
  const hostId = ref<HostId | null>(null)

  function showAll(all: readonly TimelineEntry[]): void {
    entries.value = all
  }

  /** After a gap the engine tells everything anew: what is known already is left alone. */
  function add(entry: TimelineEntry): void {
    if (entry.number <= (entries.value.at(-1)?.number ?? 0)) return
    entries.value = [...entries.value, entry].slice(-ENTRIES_MAX)
  }

  /** Asks where and saves all of it. */
  async function save(): Promise<void> {
    const path = await useBackend().call('timeline_save', {})
    if (path !== null) useNotices().toast(() => t('timeline.saved', { path }))
  }

  return { entries, hostId, showAll, add, save }
})
