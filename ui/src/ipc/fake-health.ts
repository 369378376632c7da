/** Figures of a fake connection that move as real ones do: the same numbers in the same order each time. */
import type { ConnectionView, LaneView, RoundTrip, TerminalId } from './generated'

const ROUND_TRIPS_KEPT = 120
const SESSIONS_MAX = 8
const SECOND_MS = 1000

/** A line of about 12 ms with a bump now and then. */
function roundTripAt(index: number): number {
  const wave = 1.6 * Math.sin(index / 3) + 0.9 * Math.sin(index / 1.7)
  return 12 + wave + (index % 17 === 11 ? 14 : 0) + (index % 29 === 3 ? 6 : 0)
}

export class FakeHealth {
  /** Round trips that were "measured" before the first question. */
  private asked = 48
  private received = 1_284_000
  private sent = 48_200

  constructor(private readonly upSinceMs: number) {}

  /** Each question is a second later. Terminals are dealt out to the connections one after the other. */
  lanes(view: ConnectionView, now: number, terminals: readonly TerminalId[]): LaneView[] {
    this.asked++
    const receivedPerSecond = 18_000 + 9_000 * Math.sin(this.asked / 4)
    const sentPerSecond = 420 + 300 * Math.sin(this.asked / 3)
    this.received += receivedPerSecond
    this.sent += sentPerSecond
    const sessions = Math.max(1, view.terminals)
    return Array.from({ length: view.lanes }, (_, lane): LaneView => {
      const first = lane === 0
      const trips = this.roundTrips(now, lane)
      return {
        id: lane + 1,
        kind: 'interactive',
        upSinceMs: this.upSinceMs + lane * 42 * SECOND_MS,
        suspect: first && view.state === 'suspect',
        address: '192.0.2.10:22',
        roundTrips: trips,
        roundTripP95Ms: percentile95(trips),
        lastHeardMs: view.lastHeardMs ?? now,
        receivedBytes: first ? this.received : 96_400,
        sentBytes: first ? this.sent : 7_300,
        receivedPerSecond: first && view.state === 'up' ? receivedPerSecond : 0,
        sentPerSecond: first && view.state === 'up' ? sentPerSecond : 0,
        retransmits: first ? Math.floor(this.asked / 20) : 0,
        keyExchange: 'mlkem768x25519-sha256',
        hostKey: 'ssh-ed25519',
        cipher: view.cipher,
        mac: null,
        server: view.server,
        keyedMs: this.upSinceMs + 180 * SECOND_MS,
        sessions: Math.max(0, Math.min(SESSIONS_MAX, sessions - lane * SESSIONS_MAX)),
        sessionsMax: SESSIONS_MAX,
        terminals: terminals.filter((_, index) => index % view.lanes === lane),
      }
    })
  }

  private roundTrips(now: number, lane: number): RoundTrip[] {
    const count = Math.min(ROUND_TRIPS_KEPT, this.asked)
    return Array.from({ length: count }, (_, index) => ({
      atMs: now - (count - 1 - index) * SECOND_MS,
      ms: roundTripAt(this.asked - count + index + lane * 5),
    }))
  }
}

function percentile95(trips: RoundTrip[]): number | null {
  const sorted = trips.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.95)] ?? null
}
