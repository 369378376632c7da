import { expect, it } from 'vitest'
import { plainAddress, plainTitle } from './hidden-characters'

const hidden = [
  ...['\0', '\t', '\n', '\x1b', '\x1f', '\x7f', '\x80', '\x9b', '\x9f'],
  ...['\u061c', '\u200b', '\u200d', '\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202e'],
  ...['\u2060', '\u2064', '\u2066', '\u2069', '\ufeff'],
]

it.each(hidden.map((character) => [character.codePointAt(0)?.toString(16), character]))('draws no U+%s', (_, character) => {
  expect(plainTitle(`a${character}b`)).toBe('a b')
  expect(plainAddress(`https://example.org/${character}x`)).toBe('https://example.org/\ufffdx')
})

it('takes them off the ends of a title', () => {
  expect(plainTitle('\u202e vim\u200b\n')).toBe('vim')
})

it.each(['deploy@web-01: /srv/www', '构建 – 完成 😀', 'שלום', 'https://例え.jp/?a=b#c'])('leaves %s as it is', (text) => {
  expect([plainTitle(text), plainAddress(text)]).toEqual([text, text])
})
