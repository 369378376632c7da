/** Every connection as the engine last told it. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { useBackend, type ConnectionState, type ConnectionView, type HostId } from '../ipc'
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

function stateAlone(view: ConnectionView): ConnectionState {
  const { hostId: _host, roundTripMs: _time, lastHeardMs: _heard, terminals: _terminals, lanes: _lanes, ...rest } = view
  const { cipher: _cipher, server: _server, ...state } = rest
  return state
}

export const useConnections = defineStore('connections', () => {
  const views = shallowReactive(new Map<HostId, ConnectionView>())
  /** Without the figures, which change each second: a hundred tabs need not be drawn anew for those. */
  const states = shallowReactive(new Map<HostId, ConnectionState>())

  function show(view: ConnectionView): void {
    if (view.state !== views.get(view.hostId)?.state) tick()
    views.set(view.hostId, view)
    const state = stateAlone(view)
    if (JSON.stringify(state) !== JSON.stringify(states.get(view.hostId))) states.set(view.hostId, state)
  }

  function showAll(all: ConnectionView[]): void {
    views.clear()
    states.clear()
    all.forEach(show)
  }

  /** A host that was never opened is idle. */
  function of(hostId: HostId): ConnectionView {
    return views.get(hostId) ?? idle(hostId)
  }

  /** The state alone, for those who show nothing else. */
  function stateOf(hostId: HostId): ConnectionState {
    return states.get(hostId) ?? { state: 'idle' }
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

  return { views, show, showAll, of, stateOf, disconnect, canRetry, retry, giveUp }
})
