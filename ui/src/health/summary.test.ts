// @vitest-environment happy-dom
import { beforeEach, expect, it } from 'vitest'
import { provideBackend, type LaneHealth } from '../ipc'
import { createFake } from '../ipc/fake'
import { healthText, summarise } from './summary'

const NOW = 1_000_000

function lane(change: Partial<LaneHealth> = {}): LaneHealth {
  return {
    id: 1,
    kind: 'interactive',
    upSinceMs: NOW - 130_000,
    suspect: false,
    address: '192.0.2.10:22',
    roundTrips: [{ atMs: NOW, ms: 12.4 }],
    roundTripP95Ms: 25,
    lastHeardMs: NOW - 3000,
    receivedBytes: 1000,
    sentBytes: 100,
    receivedPerSecond: 10,
    sentPerSecond: 1,
    retransmits: null,
    keyExchange: 'curve25519-sha256',
    hostKey: 'ssh-ed25519',
    cipher: 'aes256-ctr',
    mac: 'hmac-sha2-256',
    server: null,
    keyedMs: NOW - 60_000,
    sessions: 2,
    sessionsMax: 8,
    ...change,
  }
}

beforeEach(() => provideBackend(createFake()))

it('adds up what several connections carry, and takes the newest sign of life', () => {
  expect(summarise([lane(), lane({ lastHeardMs: NOW - 1000, receivedBytes: 500, retransmits: 3 })])).toEqual({
    lastHeardMs: NOW - 1000,
    receivedPerSecond: 20,
    sentPerSecond: 2,
    receivedBytes: 1500,
    sentBytes: 200,
    retransmits: 3,
  })
})

it('knows of no retransmits where no system says', () => {
  expect(summarise([lane(), lane()]).retransmits).toBeNull()
  expect(summarise([])).toMatchObject({ lastHeardMs: null, retransmits: null })
})

it('writes all of it as text', () => {
  const text = healthText('web', 'connected', [lane()], NOW)
  for (const line of [
    'web: connected',
    'Last heard: 3 s ago',
    'Received: 1.0 kB (10 B/s)',
    'Round trip: 12 ms',
    '2 of 8 sessions',
    'up for 2 min 10 s',
    'Server: unknown',
    'Integrity: hmac-sha2-256',
    'Keys made: 1 min ago',
  ])
    expect(text.split('\n')).toContain(line)
})
