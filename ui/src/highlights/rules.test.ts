import { describe, expect, it } from 'vitest'
import { Matcher } from '../regex/matcher'
import { BUILT_IN_RULES, isOn, newRule, readRules } from './rules'

describe('the rules of highlights', () => {
  it('are the built-in ones at first, and those are off', () => {
    const rules = readRules(undefined)
    expect(rules.map((rule) => rule.name)).toEqual(['ERROR', 'WARN', 'OK', 'IPv4'])
    expect(rules.some((rule) => isOn(rule, 'host-1'))).toBe(false)
  })

  it('come back as they were kept, and odd ones cost only themselves', () => {
    const kept = { ...newRule(), name: 'mine', pattern: 'x+', hosts: { 'host-1': false } }
    const odd = [null, 'x', {}, { ...kept, pattern: '' }, { ...kept, pattern: 'x'.repeat(501) }]
    expect(readRules(JSON.parse(JSON.stringify([...odd, kept])))).toEqual([kept])
    expect(readRules([])).toEqual([])
  })

  it('hold for a host what was said for it, else what was said for all', () => {
    const rule = { ...newRule(), on: false, hosts: { a: true } }
    expect([isOn(rule, 'a'), isOn(rule, 'b'), isOn({ ...rule, on: true, hosts: { a: false } }, 'a')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it.each([
    ['error', 'an Error: disk', 'Error'],
    ['warn', 'WARNING: x', 'WARNING'],
    ['ok', 'test ok ... OK', 'OK'],
    ['ipv4', 'from 10.0.3.20:22', '10.0.3.20'],
  ])('that are built in find what they say (%s)', (id, line, found) => {
    const rule = BUILT_IN_RULES.find((one) => one.id === id)
    const { matches } = new Matcher(rule?.pattern ?? '', rule?.caseSensitive ?? false).findAll(line, 10)
    expect(matches.map(({ start, end }) => line.slice(start, end))).toEqual([found])
  })
})
