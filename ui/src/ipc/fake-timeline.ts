/** The fake engine's memory of what happened, kept as the real one keeps it. */
import type { ConnectionState, EngineEvent, HostId, TimelineEntry, TimelineEvent } from './generated'

export class FakeTimeline {
  private readonly kept: TimelineEntry[] = []
  private readonly since = new Map<HostId, number>()

  constructor(private readonly emit: (event: EngineEvent) => void) {}

  entries(): TimelineEntry[] {
    return this.kept
  }

  /** `atMs` and `lastedMs` are for pictures; without them it is now. */
  note(hostId: HostId | null, what: TimelineEvent, atMs = Date.now(), lastedMs: number | null = null): void {
    const entry = { number: this.kept.length + 1, atMs, hostId, lastedMs, ...what }
    this.kept.push(entry)
    this.emit({ type: 'timeline', data: entry })
  }

  /** A change of state, unless it says nothing new. */
  follow(hostId: HostId, before: ConnectionState, after: ConnectionState): void {
    const what = happened(before, after)
    if (!what) return
    const now = Date.now()
    const since = this.since.get(hostId)
    this.since.set(hostId, now)
    this.note(hostId, what, now, since === undefined ? null : now - since)
  }
}

function happened(before: ConnectionState, after: ConnectionState): TimelineEvent | undefined {
  const left = (at: number) => Math.max(0, at - Date.now())
  switch (after.state) {
    case 'idle':
      return before.state === 'idle' ? undefined : { event: 'closed' }
    case 'dialing':
      return { event: 'dialing', attempt: after.attempt }
    case 'authenticating':
      return undefined
    case 'up':
      if (before.state === 'up') return undefined
      return before.state === 'suspect' ? { event: 'heard' } : { event: 'up', attempt: 1 }
    case 'suspect':
      return before.state === 'suspect' ? undefined : { event: 'suspect' }
    case 'down': {
      const retryInMs = after.retryAtMs === null ? null : left(after.retryAtMs)
      return { event: 'down', cause: after.cause, problem: after.problem, retryInMs }
    }
    case 'tripped':
      return { event: 'tripped', cause: after.cause, problem: after.problem, retryInMs: left(after.retryAtMs) }
    case 'halted':
      return { event: 'halted', cause: after.cause, problem: after.problem }
  }
}
