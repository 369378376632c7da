import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Awake, AWAKE_HIDDEN_TABS, REST_AFTER_MS } from './awake'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const tab = (n: number) => `tab-${n}`

it('keeps a terminal for what can be seen and for the few that were seen last', () => {
  const awake = new Awake()
  for (let n = 0; n < 20; n++) awake.see([tab(n)])
  expect(awake.tabs.size, 'nothing is taken down while somebody waits').toBe(20)
  vi.advanceTimersByTime(REST_AFTER_MS)
  expect(awake.tabs.size).toBe(AWAKE_HIDDEN_TABS + 1)
  expect(awake.tabs.has(tab(19)) && awake.tabs.has(tab(13))).toBe(true)
  expect(awake.tabs.has(tab(12))).toBe(false)
  awake.see([tab(13)])
  awake.see([tab(0)])
  vi.advanceTimersByTime(REST_AFTER_MS)
  expect(awake.tabs.has(tab(13)), 'it was seen again').toBe(true)
  expect(awake.tabs.has(tab(14))).toBe(false)
})

it('keeps all that can be seen, however many that are', () => {
  const awake = new Awake()
  const visible = Array.from({ length: 12 }, (_, n) => tab(n))
  awake.see(visible)
  vi.advanceTimersByTime(REST_AFTER_MS)
  expect([...awake.tabs]).toEqual(visible)
  awake.forget(tab(3))
  expect(awake.tabs.has(tab(3))).toBe(false)
})

it('keeps those that are held, however long nobody looks', () => {
  const awake = new Awake()
  for (let n = 0; n < 3; n++) awake.see([tab(n)])
  awake.hold(tab(0))
  awake.hold(tab(100))
  for (let n = 3; n < 20; n++) awake.see([tab(n)])
  vi.advanceTimersByTime(REST_AFTER_MS)
  expect(awake.tabs.has(tab(0)) && awake.tabs.has(tab(100))).toBe(true)
  expect(awake.tabs.has(tab(1))).toBe(false)
  awake.release(tab(0))
  for (let n = 20; n < 30; n++) awake.see([tab(n)])
  vi.advanceTimersByTime(REST_AFTER_MS)
  expect(awake.tabs.has(tab(0))).toBe(false)
  expect(awake.tabs.has(tab(100))).toBe(true)
})
