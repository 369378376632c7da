import { expect, it } from 'vitest'
import type { Cause, ConnectionState, ErrorCode, ProblemKind, Question, TerminalEnd, TestStep, TimelineEvent } from '../ipc'
// As written, not compiled: the placeholders are compared.
import enText from './en.json?raw'
import zhText from './zh-CN.json?raw'
import { languageOf } from '.'
import type en from './en.json'
import type zhCN from './zh-CN.json'

type UnknownKeyReason = 'public-key' | 'fido' | 'dsa' | 'cipher' | 'unknown'

/** The compiler checks here that nothing the engine can say lacks a message in either language. */
type Complete<Catalogue> = Catalogue extends {
  errors: Record<ErrorCode, { short: string; text: string; fix: string }> & {
    'key-unknown-type': { reasons: Record<UnknownKeyReason, { text: string; fix: string }> }
  }
  fieldProblems: Record<ProblemKind, string>
  test: { steps: Record<TestStep, string> }
  prompts: Record<Question['kind'], object>
  states: Record<ConnectionState['state'], string>
  causes: Record<Cause, string>
  timeline: { what: Record<TimelineEvent['event'], string> }
  // A failed one is told by its problem.
  terminal: { end: Record<Exclude<TerminalEnd['how'], 'failed'>, string> }
}
  ? true
  : never

const bothComplete: [Complete<typeof en>, Complete<typeof zhCN>] = [true, true]

function messages(text: string): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') found.set(path, value)
    else for (const [key, inner] of Object.entries(value as object)) walk(inner, path ? `${path}.${key}` : key)
  }
  walk(JSON.parse(text), '')
  return found
}

const english = messages(enText)
const chinese = messages(zhText)
const placeholders = (message: string | undefined) => [...new Set(message?.match(/\{\w+\}/g))].sort()

it('has a message in both languages for all that the engine can say', () => {
  expect(bothComplete).toEqual([true, true])
})

it('has the same keys in both languages', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
})

it('fills in the same in both languages, and has as many forms for numbers', () => {
  const differing = [...english].filter(([key, message]) => {
    // A form for one may spell the number out.
    const given = placeholders(message)
    const inChinese = chinese.get(key)
    return (
      placeholders(inChinese).some((name) => !given.includes(name)) || message.split('|').length !== inChinese?.split('|').length
    )
  })
  expect(differing).toEqual([])
})

it('says nothing twice where a person could mix it up', () => {
  const titles = [...english].filter(([key]) => key.startsWith('actions.')).map(([, title]) => title)
  expect(new Set(titles).size).toBe(titles.length)
})

it.each([
  ['system', ['zh-TW', 'en'], 'zh-CN'],
  ['system', ['de-DE', 'en-GB'], 'en'],
  ['system', ['de', 'zh-Hans-SG'], 'zh-CN'],
  ['system', [], 'en'],
  ['zh-CN', ['en'], 'zh-CN'],
] as const)('shows %s with %j in %s', (choice, system, language) => {
  expect(languageOf(choice, system)).toBe(language)
})
