import { expect, it } from 'vitest'
import { isOutside } from './tear-off'

const size = { width: 800, height: 600 }

it('takes neither the edge nor the title bar for the way out', () => {
  for (const point of [
    { x: 400, y: 300 },
    { x: -10, y: 300 },
    { x: 805, y: 605 },
    { x: 400, y: -36 },
  ])
    expect(isOutside(point, size), JSON.stringify(point)).toBe(false)
})

it('goes out on every side', () => {
  for (const point of [
    { x: -60, y: 300 },
    { x: 860, y: 300 },
    { x: 400, y: -60 },
    { x: 400, y: 660 },
  ])
    expect(isOutside(point, size), JSON.stringify(point)).toBe(true)
})
