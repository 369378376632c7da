// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { provideBackend } from '../ipc'
import { createFake } from '../ipc/fake'
import { ago, bytes, duration, milliseconds, rate, secondsUntil, sentences, span, until } from './format'
import { showLanguage } from '.'

beforeEach(() => provideBackend(createFake()))
afterEach(() => showLanguage('en'))

it.each([
  [0, '0 s', '0 秒'],
  [7_400, '7 s', '7 秒'],
  [59_600, '1 min', '1 分钟'],
  [130_000, '2 min 10 s', '2 分 10 秒'],
  [3_600_000, '1 h', '1 小时'],
  [11_040_000, '3 h 4 min', '3 小时 4 分'],
  [190_800_000, '2 d 5 h', '2 天 5 小时'],
  [-5, '0 s', '0 秒'],
])('%d ms last %s', async (ms, english, chinese) => {
  expect(duration(ms)).toBe(english)
  await showLanguage('zh-CN')
  expect(duration(ms)).toBe(chinese)
})

it.each([
  [0.4, '< 1 ms'],
  [12.4, '12 ms'],
  [1250, '1,250 ms'],
])('%d ms of a round trip are %s', (ms, text) => {
  expect(milliseconds(ms)).toBe(text)
})

it('says short spans in milliseconds and others in seconds', () => {
  expect([span(120), span(2100)]).toEqual(['120 ms', '2 s'])
})

it.each([
  [10_000, 6_000, 4],
  [10_000, 6_001, 4],
  [10_000, 9_999, 1],
  [10_000, 10_000, 0],
  [10_000, 12_000, 0],
])('until %d it is at %d still %d s', (at, now, left) => {
  expect(secondsUntil(at, now)).toBe(left)
  expect(until(at, now)).toBe(`${left} s`)
})

it.each([
  [1000, 500, 'now'],
  [1000, 2400, 'now'],
  [1000, 42_900, '41 s ago'],
  [0, 61_000, '1 min 1 s ago'],
])('%d was at %d: %s', (at, now, text) => {
  expect(ago(at, now)).toBe(text)
})

it.each([
  [0, '0 B'],
  [512, '512 B'],
  [999, '999 B'],
  [1234, '1.2 kB'],
  [45_678, '46 kB'],
  [999_600, '1.0 MB'],
  [3_200_000_000, '3.2 GB'],
])('%d bytes are %s', (count, text) => {
  expect(bytes(count)).toBe(text)
})

it('says rates, and puts no blank between Chinese sentences', async () => {
  expect(rate(2048)).toBe('2.0 kB/s')
  expect(sentences('One.', '', 'Two.')).toBe('One. Two.')
  await showLanguage('zh-CN')
  expect(sentences('一。', '二。')).toBe('一。二。')
})
