/** Every connection as the engine last told it. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { useBackend, type ConnectionView, type HostId } from '../ipc'
import { tick } from './clock'

const idle = (hostId: HostId): ConnectionView => ({
  hostId,
  state: 'idle',
  roundTripMs: null,
  lastHeardMs: null,
  cipher: null,
  server: null,
  terminals: 0,
  lanes: 0,
})

export const useConnections = defineStore('connections', () => {
  const views = shallowReactive(new Map<HostId, ConnectionView>())

  function show(view: ConnectionView): void {
    if (view.state !== views.get(view.hostId)?.state) tick()
    views.set(view.hostId, view)
  }

  function showAll(all: ConnectionView[]): void {
    views.clear()
    all.forEach(show)
  }

  /** A host that was never opened is idle. */
  function of(hostId: HostId): ConnectionView {
    return views.get(hostId) ?? idle(hostId)
  }

  /** Ends every terminal of the host and its connection. */
  async function disconnect(hostId: HostId): Promise<void> {
    await useBackend().call('host_disconnect', { id: hostId })
  }

  /** Whether there is something that could be tried at once. */
  function canRetry(hostId: HostId): boolean {
    const { state } = of(hostId)
    return state === 'down' || state === 'tripped' || state === 'halted'
  }

  /** Connects now instead of at the end of the wait. While a try is under way there is nothing to hurry. */
  async function retry(hostId: HostId): Promise<void> {
    if (canRetry(hostId)) await useBackend().call('host_retry', { id: hostId })
  }

  /** Stops waiting: the host's terminals end, and what they showed stays. */
  async function giveUp(hostId: HostId): Promise<void> {
    await useBackend().call('host_give_up', { id: hostId })
  }

  return { views, show, showAll, of, disconnect, canRetry, retry, giveUp }
})
