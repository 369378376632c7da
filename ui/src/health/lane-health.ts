/** How the connections of a host are doing, asked for once a second while somebody looks and never else. */
import { useDocumentVisibility } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowReactive, watch, type ComputedRef } from 'vue'
import { useConnections } from '../connections/connections'
import { useBackend, type HostId, type LaneView } from '../ipc'

const ASK_EVERY_MS = 1000
const NONE: readonly LaneView[] = []

const useLaneHealthStore = defineStore('lane-health', () => {
  const known = shallowReactive(new Map<HostId, readonly LaneView[]>())
  /** How many look at a host. */
  const watchers = new Map<HostId, number>()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(hostId: HostId): Promise<void> {
    try {
      known.set(hostId, await useBackend().call('host_health', { id: hostId }))
    } catch {
      // A host that is gone has no connection; the strip and the drawer say so by its state.
      known.delete(hostId)
    }
  }

  /** One round at a time: an engine that is slow to answer is asked less often. */
  async function round(): Promise<void> {
    await Promise.all([...watchers.keys()].map(ask))
    timer = watchers.size === 0 ? undefined : setTimeout(() => void round(), ASK_EVERY_MS)
  }

  function look(hostId: HostId): void {
    const before = watchers.get(hostId) ?? 0
    watchers.set(hostId, before + 1)
    if (timer === undefined) {
      timer = setTimeout(() => void round())
    } else if (before === 0) void ask(hostId)
  }

  function lookAway(hostId: HostId): void {
    const left = (watchers.get(hostId) ?? 0) - 1
    if (left > 0) watchers.set(hostId, left)
    else watchers.delete(hostId)
  }

  return { known, look, lookAway }
})

/** Follows a host's connections while it has some, the window is seen and the current scope lives. Oldest first. */
export function useLaneHealth(hostId: () => HostId | null): ComputedRef<readonly LaneView[]> {
  const store = useLaneHealthStore()
  const connections = useConnections()
  const visibility = useDocumentVisibility()
  const connected = computed(() => {
    const id = hostId()
    if (id === null) return null
    const { state } = connections.of(id)
    return state === 'up' || state === 'suspect' ? id : null
  })
  const looked = computed(() => (visibility.value === 'visible' ? connected.value : null))
  watch(
    looked,
    (id, before) => {
      if (before != null) store.lookAway(before)
      if (id !== null) store.look(id)
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    if (looked.value !== null) store.lookAway(looked.value)
  })
  return computed(() => (connected.value === null ? NONE : (store.known.get(connected.value) ?? NONE)))
}
