import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ACK_BATCH_BYTES, ACK_IDLE_MS, OutputCredit } from '../../ui/src/terminal/output'
import { TerminalDirectory } from '../../ui/src/terminal/directory'
import type { TerminalState } from '../../ui/src/ipc'

describe('output credit', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('gives back every parsed byte once, in batches', () => {
    const given: number[] = []
    const credit = new OutputCredit((bytes) => given.push(bytes))
    for (let n = 0; n < 20; n++) credit.parsed(10_000)
    vi.advanceTimersByTime(ACK_IDLE_MS)
    expect(given.reduce((sum, bytes) => sum + bytes, 0)).toBe(200_000)
    expect(given.slice(0, -1).every((bytes) => bytes >= ACK_BATCH_BYTES)).toBe(true)
  })

  it('gives a whole chunk back at once', () => {
    const given: number[] = []
    new OutputCredit((bytes) => given.push(bytes)).parsed(64 * 1024)
    expect(given).toEqual([64 * 1024])
  })

  it('calls once for the echo of many keys', () => {
    const given: number[] = []
    const credit = new OutputCredit((bytes) => given.push(bytes))
    for (let n = 0; n < 10; n++) credit.parsed(1)
    expect(given).toEqual([])
    vi.advanceTimersByTime(ACK_IDLE_MS)
    vi.advanceTimersByTime(10 * ACK_IDLE_MS)
    expect(given).toEqual([10])
  })

  it('gives nothing back after its terminal has ended', () => {
    const given: number[] = []
    const credit = new OutputCredit((bytes) => given.push(bytes))
    credit.parsed(1)
    credit.stop()
    vi.advanceTimersByTime(10 * ACK_IDLE_MS)
    expect(given).toEqual([])
  })
})

describe('the directory of terminals', () => {
  const running: TerminalState = { state: 'running' }
  const facts = { title: 'vim', bells: 1 }

  it('tells a session what was said before its id was known, the last word only', () => {
    const directory = new TerminalDirectory()
    const heard: TerminalState[] = []
    directory.show(7, { state: 'opening' }, { title: '', bells: 0 })
    directory.show(7, running, facts)
    const titles: string[] = []
    directory.add(7, { show: (state) => heard.push(state), told: ({ title }) => titles.push(title) })
    directory.show(7, { state: 'ended', end: { how: 'closed' } }, facts)
    expect(titles).toEqual(['vim', 'vim'])
    expect(heard.map(({ state }) => state)).toEqual(['running', 'ended'])
  })

  it('forgets the oldest of terminals that nobody here opened', () => {
    const directory = new TerminalDirectory()
    for (let id = 0; id < 300; id++) directory.show(id, running, facts)
    const heard: number[] = []
    for (const id of [0, 299]) directory.add(id, { show: () => heard.push(id), told: () => {} })
    expect(heard).toEqual([299])
  })
})
