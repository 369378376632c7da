// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { showLanguage } from '../i18n'
import { provideBackend, type ConnectionState, type ConnectionView, type Problem } from '../ipc'
import { createFake } from '../ipc/fake'
import { dotShape, reason, rowDetail, stateWord } from './state-words'

const NOW = 1_000_000
const problem: Problem = { code: 'connection-reset', action: 'retry', message: '', params: { address: 'web' } }
const changed: Problem = { code: 'host-key-changed', action: 'ask', message: '', params: { address: 'web' } }

const states: [ConnectionState, string, string, string][] = [
  [{ state: 'idle' }, 'idle', 'not connected', ''],
  [{ state: 'dialing', attempt: 1 }, 'retry', 'connecting', 'connecting'],
  [{ state: 'dialing', attempt: 3 }, 'retry', 'connecting', 'try 3'],
  [{ state: 'authenticating' }, 'retry', 'logging in', 'logging in'],
  [{ state: 'up' }, 'up', 'connected', '12 ms'],
  [{ state: 'suspect', sinceMs: NOW - 7000 }, 'suspect', 'silent', 'silent 7 s'],
  [{ state: 'down', cause: 'reset', problem, attempt: 2, retryAtMs: NOW + 3200 }, 'retry', 'waiting to reconnect', 'in 4 s'],
  [{ state: 'down', cause: 'reset', problem, attempt: 2, retryAtMs: null }, 'down', 'disconnected', 'reset'],
  [{ state: 'tripped', cause: 'reset', problem, attempt: 5, retryAtMs: NOW + 30_000 }, 'tripped', 'keeps failing', 'in 30 s'],
  [{ state: 'halted', cause: 'host-key', problem: changed }, 'halt', 'needs you', 'host key changed'],
]

function view(state: ConnectionState): ConnectionView {
  return { hostId: 'web', roundTripMs: 12.4, lastHeardMs: null, cipher: null, server: null, terminals: 1, lanes: 1, ...state }
}

beforeEach(() => provideBackend(createFake()))
afterEach(() => showLanguage('en'))

it.each(states)('%j has a shape, a word and what counts', (state, shape, word, detail) => {
  expect([dotShape(state), stateWord(state), rowDetail(view(state), NOW)]).toEqual([shape, word, detail])
})

it('gives the reason of what is not up, which no clock changes', () => {
  expect(states.map(([state]) => reason(state) !== '')).toEqual(
    states.map(([{ state }]) => ['down', 'tripped', 'halted'].includes(state)),
  )
})

it('says a countdown in Chinese', async () => {
  await showLanguage('zh-CN')
  const state: ConnectionState = { state: 'down', cause: 'reset', problem, attempt: 2, retryAtMs: NOW + 3200 }
  expect(rowDetail(view(state), NOW)).toBe('4 秒后')
})
