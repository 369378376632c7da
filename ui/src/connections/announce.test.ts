import { expect, it } from 'vitest'
import type { ConnectionState, ConnectionView, Problem } from '../ipc'
import { LostConnections, type Announcement } from './announce'

const problem: Problem = { code: 'connection-reset', action: 'retry', message: '', params: {} }
const up: ConnectionState = { state: 'up' }
const down: ConnectionState = { state: 'down', cause: 'reset', problem, attempt: 1, retryAtMs: 9 }
const dialing: ConnectionState = { state: 'dialing', attempt: 2 }
const halted: ConnectionState = { state: 'halted', cause: 'auth', problem }
const givenUp: ConnectionState = { ...down, retryAtMs: null }

/** Feeds one state each second. */
function hear(states: ConnectionState[], terminals = 1): (Announcement | undefined)[] {
  const lost = new LostConnections()
  return states.map((state, second) => {
    const figures = { roundTripMs: null, lastHeardMs: null, cipher: null, server: null, lanes: 1 }
    const view: ConnectionView = { hostId: 'web', terminals, ...figures, ...state }
    return lost.hear(view, second * 1000)
  })
}

it('announces a session that is back, with how long it was gone, once', () => {
  const news = hear([up, down, dialing, { state: 'authenticating' }, up, up])
  expect(news.filter(Boolean)).toEqual([{ kind: 'back', lastedMs: 3000 }])
  expect(news[4]).toBeDefined()
})

it('announces that a person is needed, and then no return', () => {
  expect(hear([up, down, dialing, halted, dialing, up]).filter(Boolean)).toEqual([{ kind: 'halted' }])
})

it.each<[string, ConnectionState[], number]>([
  ['a first connection', [dialing, up], 1],
  ['doubt that passes', [up, { state: 'suspect', sinceMs: 0 }, up], 1],
  ['what was given up', [up, down, givenUp, dialing, up], 1],
  ['what was disconnected', [up, { state: 'idle' }, dialing, up], 1],
  ['a connection that nobody used', [up, down, up], 0],
])('is silent about %s', (_, states, terminals) => {
  expect(hear(states, terminals).filter(Boolean)).toEqual([])
})
