/** The saved hosts as the engine last told them, and what a person can do with them. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { t } from '../i18n'
import { useBackend, type Host, type HostDraft, type HostId, type HostList, type PasswordChange } from '../ipc'

/** The name a host goes by: its label, or its address when it has none. Ours is named in the person's language. */
export function hostName(host: Pick<Host, 'label' | 'address' | 'builtin'>): string {
  if (host.builtin) return t('sidebar.builtinName')
  return host.label || host.address
}

/** The name by which ssh_config knows a linked host. */
export function aliasOf(host: Pick<Host, 'id'>): string {
  return host.id.replace(/^config:/, '')
}

/** A host as the form edits it. */
export function draftOf(host: Host): HostDraft {
  const { label, group, address, port, user, auth, keyPath, options } = host
  return { label, group, address, port, user, auth, keyPath, ...(options && { options }) }
}

export const useHosts = defineStore('hosts', () => {
  const list = shallowRef<HostList>({ hosts: [], groups: [] })
  /** Hosts in the person's ~/.ssh/config that are not saved here yet. */
  const importable = ref(0)
  const platform = ref('linux')
  const localUser = ref('')
  /** The host on which the sidebar's cursor stands. */
  const selectedId = ref<HostId | null>(null)

  const hosts = computed(() => list.value.hosts)
  const groups = computed(() => list.value.groups)
  const byId = computed(() => new Map(hosts.value.map((host) => [host.id, host])))
  const selected = computed(() => (selectedId.value === null ? undefined : byId.value.get(selectedId.value)))
  const builtin = computed(() => hosts.value.find((host) => host.builtin))
  /** Nobody has saved anything yet: the first run. */
  const untouched = computed(() => hosts.value.every((host) => host.builtin || host.linked))

  /** Hosts that were on the list in this run: what still leads to one that was deleted goes by its name. */
  const seen = new Map<HostId, Host>()

  function show(next: HostList): void {
    list.value = next
    for (const host of next.hosts) seen.set(host.id, host)
    // Nobody has chosen another one instead.
    if (selectedId.value !== null && !byId.value.has(selectedId.value)) selectedId.value = null
  }

  /** The sidebar does not wait for the engine's event: what was just saved is there when the form closes. */
  async function refresh(): Promise<void> {
    show(await useBackend().call('hosts', {}))
  }

  function find(id: HostId): Host | undefined {
    return byId.value.get(id)
  }

  /** Also of one that was deleted meanwhile; nothing for one that this run has never heard of. */
  function nameOf(id: HostId): string | undefined {
    const host = find(id) ?? seen.get(id)
    return host && hostName(host)
  }

  /** Ours has nothing to edit, and a linked one is edited in its file. */
  function canEdit(id: HostId): boolean {
    const host = find(id)
    return host !== undefined && !host.builtin && !host.linked
  }

  async function create(draft: HostDraft, password: PasswordChange): Promise<Host> {
    const host = await useBackend().call('host_create', { draft, password })
    await refresh()
    return host
  }

  async function update(id: HostId, draft: HostDraft, password: PasswordChange): Promise<Host> {
    const host = await useBackend().call('host_update', { id, draft, password })
    await refresh()
    return host
  }

  async function duplicate(id: HostId): Promise<Host> {
    const host = await useBackend().call('host_duplicate', { id })
    await refresh()
    return host
  }

  async function remove(id: HostId): Promise<void> {
    await useBackend().call('host_delete', { id })
    await refresh()
  }

  async function restore(id: HostId): Promise<Host> {
    const host = await useBackend().call('host_restore', { id })
    await refresh()
    return host
  }

  async function move(id: HostId, group: string): Promise<Host> {
    const host = await useBackend().call('host_move', { id, group })
    await refresh()
    return host
  }

  async function renameGroup(from: string, to: string): Promise<void> {
    await useBackend().call('group_rename', { from, to })
    await refresh()
  }

  async function importHosts(aliases: string[]): Promise<Host[]> {
    const saved = await useBackend().call('import_apply', { aliases })
    importable.value = Math.max(0, importable.value - saved.length)
    await refresh()
    return saved
  }

  return {
    hosts,
    groups,
    builtin,
    selectedId,
    selected,
    untouched,
    importable,
    platform,
    localUser,
    show,
    find,
    nameOf,
    canEdit,
    create,
    update,
    duplicate,
    remove,
    restore,
    move,
    renameGroup,
    importHosts,
  }
})
