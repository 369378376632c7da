// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { showLanguage } from '../i18n'
import { provideBackend, type RunHost, type RunState, type RunView } from '../ipc'
import { createFake } from '../ipc/fake'
import { failedOf, groupsOf, hostRowsOf, summaryOf, timeOf, wordOf } from './run-words'

beforeEach(async () => {
  provideBackend(createFake())
  await showLanguage('en')
})
afterEach(() => showLanguage('en'))

const host = (name: string, state: RunState, group: number | null = null): RunHost => ({
  hostId: name,
  name,
  state,
  beganAt: 1000,
  tookMs: null,
  stdoutBytes: 0,
  stderrBytes: 0,
  group,
  filesProblem: null,
})
const run = (...hosts: RunHost[]): RunView => ({
  id: '1',
  command: 'ls',
  beganAt: 0,
  running: hosts.some(({ state }) => state.state === 'running' || state.state === 'waiting'),
  stopped: false,
  folder: null,
  hosts,
})
const ok: RunState = { state: 'exited', status: 0 }
const one: RunState = { state: 'exited', status: 1 }

it('groups as the engine counted, and puts those that go on last', () => {
  const given = run(host('a', one, 1), host('b', ok, 0), host('c', { state: 'running' }), host('d', ok, 0))
  expect(groupsOf(given).map(({ hosts }) => hosts.map(({ name }) => name))).toEqual([['b', 'd'], ['a'], ['c']])
  expect(hostRowsOf(given).map(({ hosts }) => hosts[0]?.name)).toEqual(['a', 'b', 'c', 'd'])
})

it('takes for failed what has ended, and not well', () => {
  const given = run(
    host('a', one, 0),
    host('b', ok, 1),
    host('c', { state: 'running' }),
    host('d', { state: 'not-started' }),
    host('e', { state: 'cancelled', certain: true }),
    host('f', { state: 'waiting' }),
  )
  expect(failedOf(given)).toEqual(['a', 'd', 'e'])
  expect(summaryOf(given)).toBe('3 of 6 done, 2 not well, 1 not started')
  expect(summaryOf(run(host('a', one, 0), host('b', { state: 'not-started' })))).toBe('1 of 2 done, 1 not well, 1 not started')
  expect(summaryOf(run(host('a', ok, 0), host('b', { state: 'not-started' })))).toBe('1 of 2 done, 1 not started')
  expect(summaryOf(run(host('a', ok, 0)))).toBe('Done, all went well')
  expect(summaryOf(run(host('a', ok, 0), host('b', one, 1)))).toBe('All 2 done, 1 not well')
})

it('says what is not certain', () => {
  expect(wordOf({ state: 'cancelled', certain: false })).toBe('stopped, may still run')
  expect(wordOf({ state: 'timed-out', certain: true })).toBe('timed out')
  expect(wordOf({ state: 'exited', status: 3 })).toBe('exit 3')
})

it('counts the time of what runs, and none of what has not begun', () => {
  expect(timeOf(host('a', { state: 'running' }), 63_000)).toContain('1')
  expect(timeOf({ ...host('a', ok), tookMs: 1234 }, 0)).toBe('1.2 s')
  expect(timeOf({ ...host('a', { state: 'waiting' }), beganAt: null }, 5000)).toBe('')
})
