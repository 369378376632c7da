import { expect, it } from 'vitest'
import { ago } from './ago'

it.each([
  [-500, 'now', 0],
  [1400, 'now', 1],
  [41_000, 'secondsAgo', 41],
  [61_000, 'minutesAgo', 1],
  [3_700_000, 'hoursAgo', 1],
])('%d ms ago', (ms, key, count) => {
  expect(ago(ms)).toEqual({ key, count })
})
