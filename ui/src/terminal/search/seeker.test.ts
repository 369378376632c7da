import { expect, it } from 'vitest'
import { makeSeeker, type SearchQuery } from './seeker'

const LINE = 'error: ERROR (a+b) errors 错误 error'
const seek = (text: string, how: Partial<SearchQuery> = {}) =>
  makeSeeker({ text, caseSensitive: false, regex: false, wholeWord: false, ...how })(LINE, 100).matches.map(({ start, end }) =>
    LINE.slice(start, end),
  )

it.each<[string, Partial<SearchQuery>, string[]]>([
  ['error', {}, ['error', 'ERROR', 'error', 'error']],
  ['error', { caseSensitive: true }, ['error', 'error', 'error']],
  ['error', { wholeWord: true }, ['error', 'ERROR', 'error']],
  ['(a+b)', {}, ['(a+b)']],
  ['err(or)?s', { regex: true }, ['errors']],
  ['错', { wholeWord: true }, []],
  ['错误', { wholeWord: true }, ['错误']],
])('%s with %j finds %j', (text, how, found) => {
  expect(seek(text, how)).toEqual(found)
})

it('stops at as many as are wanted, and says so', () => {
  const query = { text: 'e', caseSensitive: false, regex: false, wholeWord: false }
  expect(makeSeeker(query)('eeee', 2)).toMatchObject({ cut: true, matches: [{ start: 0 }, { start: 1 }] })
})
