import { describe, expect, it } from 'vitest'
import type { ConnectionView, LaneView } from '../ipc'
import { frontLane } from './front-lane'

const host: ConnectionView = {
  hostId: 'web',
  state: 'suspect',
  sinceMs: 5,
  roundTripMs: 90,
  lastHeardMs: 1000,
  cipher: 'aes128-gcm@openssh.com',
  server: 'OpenSSH_9.2',
  terminals: 9,
  lanes: 2,
}

function lane(id: number, terminals: number[], suspect: boolean, ms: number): LaneView {
  return {
    id,
    kind: 'interactive',
    upSinceMs: 0,
    suspect,
    address: null,
    roundTrips: [{ atMs: 1, ms }],
    roundTripP95Ms: null,
    lastHeardMs: id * 10_000,
    receivedBytes: 0,
    sentBytes: 0,
    receivedPerSecond: 0,
    sentPerSecond: 0,
    retransmits: null,
    keyExchange: null,
    hostKey: null,
    cipher: 'chacha20-poly1305@openssh.com',
    mac: null,
    server: null,
    keyedMs: 0,
    sessions: terminals.length,
    sessionsMax: 8,
    terminals,
  }
}

describe('the connection of the terminal in front', () => {
  const lanes = [lane(1, [1, 2], true, 90), lane(2, [9], false, 12)]

  it('is told as it is, and the doubt about another one beside it', () => {
    const { view, lane: own, doubtElsewhere } = frontLane(host, lanes, 9)
    expect([view.state, view.roundTripMs, view.lastHeardMs, view.cipher]).toEqual([
      'up',
      12,
      20_000,
      'chacha20-poly1305@openssh.com',
    ])
    expect([own?.id, doubtElsewhere]).toEqual([2, true])
  })

  it('is in doubt where it is the one that is', () => {
    const { view, lane: own, doubtElsewhere } = frontLane(host, lanes, 2)
    expect([view.state, view.roundTripMs, own?.id, doubtElsewhere]).toEqual(['suspect', 90, 1, false])
  })

  it('is the host as a whole while it is not known, or the only one', () => {
    expect(frontLane(host, lanes, undefined).view).toBe(host)
    expect(frontLane(host, [], 9)).toEqual({ view: host, lane: undefined, doubtElsewhere: false })
    const alone = { ...host, lanes: 1 }
    expect(frontLane(alone, lanes.slice(1), 9).view).toBe(alone)
  })
})
