import { describe, expect, it } from 'vitest'
import { pinnedFirst, readTabFacts } from './tab-facts'

describe('the facts of a tab', () => {
  it('come back as they were kept', () => {
    const facts = { name: 'logs', colour: 'cyan', pinned: true } as const
    expect(readTabFacts(JSON.parse(JSON.stringify(facts)))).toEqual(facts)
  })

  it.each([[null], ['text'], [{}], [{ name: 7, colour: 'pink', pinned: 'yes' }], [{ name: '   ' }]])(
    'are nothing where %j was kept',
    (kept) => {
      expect(readTabFacts(kept)).toEqual({ name: null, colour: null, pinned: false })
    },
  )

  it('have a name of a length that a tab can bear', () => {
    expect(readTabFacts({ name: 'x'.repeat(5000) }).name).toHaveLength(80)
  })
})

it('puts pinned tabs first and leaves the rest in order', () => {
  expect(pinnedFirst(['a', 'b', 'c', 'd'], (id) => id === 'b' || id === 'd')).toEqual(['b', 'd', 'a', 'c'])
})
