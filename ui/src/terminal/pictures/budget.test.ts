import { describe, expect, it } from 'vitest'
import { Budget } from './budget'

const MEBI = 1024 * 1024

describe('the budget of pictures', () => {
  it('is used up by two of the largest, and is there again a second later', () => {
    const budget = new Budget()
    expect([0, 1, 2].map((now) => budget.allows(8 * MEBI, now))).toEqual([true, true, false])
    expect([600, 700].map((now) => budget.allows(8 * MEBI, now))).toEqual([true, false])
    expect(budget.allows(16 * MEBI, 60_000)).toBe(true)
    expect(budget.allows(1, 60_000)).toBe(false)
  })

  it('does not grow while nothing is drawn', () => {
    const budget = new Budget()
    expect(budget.allows(16 * MEBI, 1_000_000)).toBe(true)
    expect(budget.allows(16 * MEBI, 9_000_000)).toBe(true)
    expect(budget.allows(16 * MEBI, 9_000_001)).toBe(false)
  })

  it('lets through a video, and no more than a thousand pictures at once however small they are', () => {
    const video = new Budget()
    for (let frame = 0; frame < 300; frame++) expect(video.allows(800 * 480, frame * 33)).toBe(true)
    const small = new Budget()
    expect(Array.from({ length: 3000 }, () => small.allows(1, 0)).filter(Boolean)).toHaveLength(1024)
  })
})
