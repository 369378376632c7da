import { expect, it } from 'vitest'
import { joinedRanges } from './ligatures'

it.each([
  ['if (a => b)', ['=>']],
  ['a<==>b <=> c', ['<==>', '<=>']],
  ['x !== y != z', ['!==', '!=']],
  ['plain words, and 1 + 2 = 3', []],
  ['你 -> 好', ['->']],
])('joins what a font may have one sign for: %s', (line, signs) => {
  expect(joinedRanges(line).map(([start, end]) => line.slice(start, end))).toEqual(signs)
})

it('leaves very long lines alone', () => expect(joinedRanges('=>'.repeat(2000))).toEqual([]))
