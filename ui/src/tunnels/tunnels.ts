/** The tunnels of all hosts, as the engine last told of them, and what a person wants of them. */
import { defineStore } from 'pinia'
import { ref, shallowReactive, shallowRef } from 'vue'
import { useBackend, type HostId, type TunnelDraft, type TunnelId, type TunnelsView, type TunnelView } from '../ipc'

/** Half a minute of rates, twice a second. */
const RATES_MAX = 60

/** What the form is about: a new tunnel of a host, which may begin as one of ssh_config does, or one that is there. */
export type Editing = { id: null; host: HostId; start: TunnelDraft } | { id: TunnelId; start: TunnelDraft }

export const EMPTY_TUNNEL: TunnelDraft = { name: '', kind: 'local', listen: '', target: '', starts: 'by-hand' }

export function isRunning(tunnel: TunnelView): boolean {
  return tunnel.state !== 'stopped' && tunnel.state !== 'failed'
}

export function draftOf({ name, kind, listen, target, starts }: TunnelView): TunnelDraft {
  return { name, kind, listen, target, starts }
}

export const useTunnels = defineStore('tunnels', () => {
  const all = shallowRef<readonly TunnelView[]>([])
  /** Of each tunnel that runs, oldest first, both ways together. */
  const rates = shallowReactive(new Map<TunnelId, readonly number[]>())
  const editing = ref<Editing | null>(null)

  function show({ tunnels }: TunnelsView): void {
    all.value = tunnels
    const running = new Set(tunnels.filter(isRunning).map(({ id }) => id))
    for (const id of rates.keys()) if (!running.has(id)) rates.delete(id)
    for (const { id, sentPerSecond, receivedPerSecond } of tunnels) {
      if (running.has(id)) rates.set(id, [...(rates.get(id) ?? []), sentPerSecond + receivedPerSecond].slice(-RATES_MAX))
    }
  }

  const start = (id: TunnelId) => useBackend().call('tunnel_start', { id })
  const stop = (id: TunnelId) => useBackend().call('tunnel_stop', { id })
  const remove = (id: TunnelId) => useBackend().call('tunnel_remove', { id })
  const change = (id: TunnelId, draft: TunnelDraft) => useBackend().call('tunnel_change', { id, draft })

  /** Adds one and starts it. */
  async function add(host: HostId, draft: TunnelDraft, keep: boolean): Promise<TunnelId> {
    const id = await useBackend().call('tunnel_add', { host, draft, keep })
    await start(id)
    return id
  }

  /** One that was removed, as it was then. */
  async function restore(tunnel: TunnelView): Promise<void> {
    const draft = draftOf(tunnel)
    if (isRunning(tunnel)) await add(tunnel.hostId, draft, tunnel.saved)
    else await useBackend().call('tunnel_add', { host: tunnel.hostId, draft, keep: tunnel.saved })
  }

  async function stopAll(): Promise<void> {
    await Promise.all(all.value.filter(isRunning).map(({ id }) => stop(id)))
  }

  return { all, rates, editing, show, start, stop, remove, change, add, restore, stopAll }
})
