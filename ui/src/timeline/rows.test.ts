// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { showLanguage } from '../i18n'
import { provideBackend, type Problem, type TimelineEntry, type TimelineEvent } from '../ipc'
import { createFake } from '../ipc/fake'
import { timelineRow } from './rows'

const reset: Problem = { code: 'connection-reset', action: 'retry', message: '', params: { address: 'web' } }
const refused: Problem = { code: 'auth-refused', action: 'fix', message: '', params: { address: 'web', user: 'ada' } }

function entry(what: TimelineEvent, lastedMs: number | null = null): TimelineEntry {
  return { number: 1, atMs: Date.UTC(2026, 10, 21, 9), hostId: 'web', lastedMs, ...what }
}

beforeEach(() => provideBackend(createFake()))
afterEach(() => showLanguage('en'))

it.each<[TimelineEvent, string | null, string, string]>([
  [{ event: 'dialing', attempt: 1 }, 'retry', 'Connecting.', ''],
  [{ event: 'dialing', attempt: 3 }, 'retry', 'Connecting, try 3.', ''],
  [{ event: 'up', attempt: 1 }, 'up', 'Connected.', ''],
  [{ event: 'heard' }, 'up', 'Heard again.', ''],
  [{ event: 'down', cause: 'reset', problem: reset, retryInMs: 640 }, 'down', 'No connection. Next try in 640 ms.', 'Reset'],
  [{ event: 'down', cause: 'reset', problem: reset, retryInMs: null }, 'down', 'No connection. Nobody waits for it.', 'Reset'],
  [{ event: 'halted', cause: 'auth', problem: refused }, 'halt', 'Stopped until you decide.', 'Login: login refused'],
  [{ event: 'woke', sleptMs: 2_460_000 }, null, 'The computer slept for 41 min.', ''],
  [{ event: 'lane-opened', lanes: 2 }, null, 'Another connection opened, now 2.', ''],
])('%j has a shape, a sentence and a cause', (what, shape, sentence, cause) => {
  expect(timelineRow(entry(what))).toMatchObject({ shape, what: sentence, cause, lasted: '' })
})

it('says how long it was otherwise before', () => {
  expect(timelineRow(entry({ event: 'up', attempt: 2 }, 130_000)).lasted).toBe('after 2 min 10 s')
})

it('tells the whole reason of a cause', () => {
  const { detail } = timelineRow(entry({ event: 'down', cause: 'reset', problem: reset, retryInMs: null }))
  expect(detail).toMatch(/^The connection to web was reset .*\. Bowline connects again/)
})

it('composes Chinese without a blank between sentences', async () => {
  await showLanguage('zh-CN')
  expect(timelineRow(entry({ event: 'down', cause: 'reset', problem: reset, retryInMs: 4000 })).what).toBe(
    '没有连接。4 秒后重试。',
  )
})
