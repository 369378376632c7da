/** Folder syncs: the saved ones, and what a form of one comes to. What runs is a transfer like any other. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { useBackend, type JobEnd, type JobRequest, type SavedSync, type SyncRules } from '../ipc'

/** What a form begins with. */
export interface SyncStart {
  source?: JobEnd
  target?: JobEnd
  rules?: SyncRules
  name?: string
}

export const NO_RULES: SyncRules = {
  delete: false,
  deleteMany: false,
  deleteMost: null,
  checksum: false,
  exclude: [],
  include: [],
  leave: [],
  watch: false,
}

/** One pattern in each line; empty ones say nothing. */
export function patterns(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

export function syncRequest(source: JobEnd, target: JobEnd, rules: SyncRules): JobRequest {
  return {
    sources: [source],
    target,
    exact: false,
    onConflict: 'overwrite',
    verify: 'size',
    removeSources: false,
    sync: rules,
  }
}

export const useSyncs = defineStore('syncs', () => {
  const saved = shallowRef<readonly SavedSync[]>([])

  async function load(): Promise<void> {
    saved.value = await useBackend().call('syncs_saved', {})
  }

  async function save(sync: SavedSync): Promise<void> {
    saved.value = await useBackend().call('sync_save', { sync })
  }

  async function forget(name: string): Promise<void> {
    saved.value = await useBackend().call('sync_unsave', { name })
  }

  return { saved, load, save, forget }
})
