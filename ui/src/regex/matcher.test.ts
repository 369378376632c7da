import { describe, expect, it } from 'vitest'
import { Matcher } from './matcher'
import { PatternError } from './pattern'

function native(source: string, flags: string, line: string): [number, number][] {
  return [...line.matchAll(new RegExp(source, `g${flags}`))]
    .filter(([text]) => text !== '')
    .map((match) => [match.index, match.index + match[0].length])
}

function ours(source: string, caseSensitive: boolean, line: string): [number, number][] {
  return new Matcher(source, caseSensitive).findAll(line, 10_000).matches.map(({ start, end }) => [start, end])
}

const LINES = [
  '',
  'a',
  'ERROR: disk /dev/sda1 is 97% full (97 %)',
  'aaaaabaaab aab ab b',
  'line 1\tline 12 line 112',
  '10.0.3.20 - - "GET /api/v1/items HTTP/2" 429 31',
  '构建完成，共 412 个文件 😀 über ÄÖ',
  'x{2} [y] a|b (c) \\d ^$ foo.bar_baz-qux',
]

const PATTERNS = [
  'a',
  'a*',
  'a+',
  'a+?',
  'a??b',
  '(a|ab)(b|)',
  '(?:a|b)+',
  'a{2}',
  'a{2,}',
  'a{1,2}?b?',
  '(a{1,2}){2}',
  'a{0}b',
  '^a',
  'b$',
  '^$',
  '\\d+',
  '\\D+',
  '\\w+\\b',
  '\\bab?\\b',
  '\\Ba',
  '[^\\s]+',
  '[a-c\\d]+',
  '[\\]x]',
  '[^]',
  '[.]',
  '\\.',
  '.',
  '.*',
  '.*?b',
  'x{2}',
  '{',
  'a{,2}',
  '(?<year>\\d{2})\\.',
  '\\x41|\\u00fc',
  'error|disk|\\d+%',
  '(a*)*b',
  '(a|a)*b',
  '(|a)+b',
  '构|件',
  'ä',
  '\\/',
  '\\t',
  '[A-Z]{2,}',
  'a|',
  '(?:)',
  '\\d{1,3}(?:\\.\\d{1,3}){3}',
  '"[^"]*"',
  'l.*?1+',
  '((a)|(b))+',
  '[\\w.-]+',
  '\\-',
  '\\_',
  '\\cJ',
  '\\0',
]

describe('a pattern', () => {
  it.each(PATTERNS)('%s finds what the native engine finds', (source) => {
    for (const line of LINES) {
      expect(ours(source, true, line), line).toEqual(native(source, '', line))
      expect(ours(source, false, line), line).toEqual(native(source, 'i', line))
    }
  })

  it('finds what the native engine finds for a thousand made-up patterns', () => {
    let seed = 42
    const pick = <T>(from: readonly T[]): T => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return from[Math.floor((seed / 2 ** 31) * from.length)] as T
    }
    const make = (depth: number): string => {
      if (depth === 0) return pick(['a', 'b', '.', '[ab]', '\\w', '\\b', '^', '$'])
      const inner = () => make(depth - 1)
      // Where the inside of a repeat can be empty, JavaScript goes on in places where we stop (see `pattern.ts`).
      const filled = (): string => {
        const source = inner()
        return /[\\^$]/.test(source) || new RegExp(`^(?:${source})$`).test('') ? filled() : source
      }
      return pick([
        () => inner() + inner(),
        () => `(${inner()}|${inner()})`,
        () => `(?:${filled()})${pick(['*', '+', '?', '*?', '+?', '{1,2}', '{2}'])}`,
        inner,
      ])()
    }
    for (let n = 0; n < 1000; n++) {
      const source = make(3)
      const line = Array.from({ length: 8 }, () => pick(['a', 'b', 'c', ' '])).join('')
      expect(ours(source, true, line), `${source} in ${line}`).toEqual(native(source, '', line))
    }
  })

  it.each([
    ['(', 'invalid'],
    ['a**', 'invalid'],
    ['[b-a]', 'invalid'],
    ['(a)\\1', 'unsupported'],
    ['(?<n>a)\\k<n>', 'unsupported'],
    ['(?=a)', 'unsupported'],
    ['(?<!a)b', 'unsupported'],
    ['(a{1000}){1000}', 'too-large'],
    ['((((a{20}){20}){20}){20})', 'too-large'],
    ['(){5000}', 'too-large'],
    [`${'('.repeat(500)}a${')'.repeat(500)}`, 'too-large'],
  ])('%s is refused as %s', (source, refusal) => {
    let thrown: unknown
    try {
      new Matcher(source, true)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(PatternError)
    expect((thrown as PatternError).refusal).toBe(refusal)
  })

  it.each([
    '(a+)+$',
    '(a|a)*$',
    '(a|aa)+$',
    '(.*)*x',
    '(.*a){12}x',
    '((a*)*)*b',
    '(?:a?){30}a{30}',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
  ])('%s does not hang on a hostile line', (source) => {
    const began = performance.now()
    const { cut } = new Matcher(source, true).findAll(`${'a'.repeat(50_000)}!`, 1000)
    expect(performance.now() - began).toBeLessThan(2000)
    expect(typeof cut).toBe('boolean')
  })

  it('says when a line was too much, or had more matches than asked for', () => {
    expect(new Matcher('a.*b|a', true).findAll('a'.repeat(60_000), 100_000).cut).toBe(true)
    expect(new Matcher('a', true).findAll('aaaa', 3)).toEqual({
      matches: [
        { start: 0, end: 1 },
        { start: 1, end: 2 },
        { start: 2, end: 3 },
      ],
      cut: true,
    })
    expect(new Matcher('a', true).findAll('aaa', 3).cut).toBe(false)
  })
})
