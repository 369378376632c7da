/** The tunnels of the fake engine. What a port holds decides what becomes of one: 80 is privileged, 9999 in use. */
import { problem } from './fake-problem'
import type { Commands, EngineEvent, HostId, TunnelDraft, TunnelId, TunnelProblem, TunnelsView, TunnelView } from './generated'

type TunnelCommand =
  'tunnels' | 'tunnel_check' | 'tunnel_add' | 'tunnel_change' | 'tunnel_start' | 'tunnel_stop' | 'tunnel_remove' | 'tunnel_offers'
type TunnelHandlers = { [Name in TunnelCommand]: (args: Commands[Name]['args']) => Commands[Name]['result'] }

const LISTEN = /^(?:(?:\*|\[[0-9a-f:]+\]|[^\s:/]+)?:)?\d{1,5}$|^[~/]/i
const TARGET = /^(?:\[[0-9a-f:]+\]|[^\s:/]+):\d{1,5}$|^[~/]/i

function check({ kind, listen, target }: TunnelDraft): TunnelProblem[] {
  const problems: TunnelProblem[] = []
  if (listen === '') problems.push({ field: 'listen', problem: 'required' })
  else if (!LISTEN.test(listen)) problems.push({ field: 'listen', problem: 'listen-form' })
  if (kind === 'local' && target === '') problems.push({ field: 'target', problem: 'required' })
  else if (kind !== 'dynamic' && target !== '' && !TARGET.test(target)) problems.push({ field: 'target', problem: 'target-form' })
  return problems
}

export class FakeTunnels {
  offers: TunnelDraft[] = []
  #tunnels: TunnelView[] = []
  #next = 1

  constructor(private readonly emit: (event: EngineEvent) => void) {}

  readonly handlers: TunnelHandlers = {
    tunnels: () => this.view(),
    tunnel_check: ({ draft }) => check(draft),
    tunnel_add: ({ host, draft, keep }) => this.#add(host, draft, keep),
    tunnel_change: ({ id, draft }) => this.#change(id, { ...draft }),
    tunnel_start: ({ id }) => this.#start(id),
    tunnel_stop: ({ id }) => this.#change(id, { state: 'stopped', bound: [], live: 0, trouble: null }),
    tunnel_remove: ({ id }) => {
      this.show(this.#tunnels.filter((tunnel) => tunnel.id !== id))
      return null
    },
    tunnel_offers: () => this.offers,
  }

  view(): TunnelsView {
    return { tunnels: this.#tunnels }
  }

  /** Shows these as they are given. */
  show(tunnels: TunnelView[]): void {
    this.#tunnels = tunnels
    this.emit({ type: 'tunnels', data: structuredClone(this.view()) })
  }

  #add(hostId: HostId, draft: TunnelDraft, saved: boolean): TunnelId {
    const id = `tunnel-${this.#next++}`
    const nothing = { live: 0, total: 0, waiting: 0, failed: 0, heldBytes: 0 }
    const bytes = { sentBytes: 0, receivedBytes: 0, sentPerSecond: 0, receivedPerSecond: 0 }
    const view: TunnelView = { id, hostId, ...draft, saved, state: 'stopped', bound: [], trouble: null, ...nothing, ...bytes }
    this.show([...this.#tunnels, view])
    return id
  }

  #start(id: TunnelId): null {
    const listen = this.#tunnels.find((tunnel) => tunnel.id === id)?.listen ?? ''
    const port = listen.split(':').at(-1) ?? ''
    const code = port === '80' ? 'tunnel-port-privileged' : port === '9999' ? 'tunnel-port-in-use' : null
    if (code !== null) {
      const trouble = { problem: problem(code, { listen }), atMs: Date.now() }
      return this.#change(id, { state: 'failed', trouble })
    }
    const bound = listen.startsWith('/') ? [listen] : [`127.0.0.1:${port === '0' ? 41234 : port}`]
    return this.#change(id, { state: 'up', bound, trouble: null })
  }

  #change(id: TunnelId, change: Partial<TunnelView>): null {
    this.show(this.#tunnels.map((tunnel) => (tunnel.id === id ? { ...tunnel, ...change } : tunnel)))
    return null
  }
}
