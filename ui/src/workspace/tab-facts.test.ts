import { expect, it } from 'vitest'
import { keepTabFact, readTabFacts, showTabFacts } from './tab-facts'

it('come back to who knows them, and what nobody knows is kept', () => {
  const colours = new Map<string, unknown>()
  const stop = keepTabFact({ key: 'colour', read: (id) => colours.get(id), show: (id, value) => colours.set(id, value) })
  showTabFacts('a', { colour: 'red', zoom: 3 })
  expect(colours.get('a')).toBe('red')
  colours.set('a', 'blue')
  expect(readTabFacts('a')).toEqual({ colour: 'blue', zoom: 3 })
  expect(readTabFacts('b')).toEqual({})
  stop()
})
