/** Which dialog is open. There is one at a time; questions of the engine come on top of it. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ConfigNotes, HostDraft, HostId, Link, SnippetId } from './ipc'
import type { SyncStart } from './sync/sync'

export type Dialog =
  /** `link`: where what it starts with comes from. */
  | { kind: 'host-add'; start?: Partial<HostDraft>; link?: string }
  | { kind: 'link'; text: string; link: Link; hosts: HostId[] }
  | { kind: 'host-edit'; id: HostId }
  | { kind: 'host-group'; id: HostId }
  | { kind: 'install-key'; id: HostId }
  /** `alias`: only this one is chosen at first. */
  | { kind: 'import'; alias?: string }
  | { kind: 'broadcast' }
  | { kind: 'highlights' }
  /** `add`: with the form of a new one. */
  | { kind: 'snippets'; add?: boolean }
  | { kind: 'snippet-insert'; id: SnippetId }
  | { kind: 'settings' }
  | { kind: 'sync'; start?: SyncStart }
  | { kind: 'trusted-keys' }
  | { kind: 'config-notes'; notes: ConfigNotes }

export const useDialogs = defineStore('dialogs', () => {
  const open = shallowRef<Dialog | null>(null)

  function show(dialog: Dialog): void {
    open.value = dialog
  }

  function close(): void {
    open.value = null
  }

  return { open, show, close }
})
