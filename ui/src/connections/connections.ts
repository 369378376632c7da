/** Every connection as the engine last told it. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { useBackend, type ConnectionView, type HostId } from '../ipc'

const idle = (hostId: HostId): ConnectionView => ({
  hostId,
  state: 'idle',
  roundTripMs: null,
  lastHeardMs: null,
  cipher: null,
  server: null,
  terminals: 0,
})

export const useConnections = defineStore('connections', () => {
  const views = shallowReactive(new Map<HostId, ConnectionView>())

  function show(view: ConnectionView): void {
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

  return { views, show, showAll, of, disconnect }
})
