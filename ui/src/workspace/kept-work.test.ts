import { describe, expect, it } from 'vitest'
import { readKeptWork } from './kept-work'

describe('what is kept of commands and pipes', () => {
  it('comes back as it was', () => {
    const kept = { run: '7', pipes: [{ id: 'pipe-1', run: 3, savedAs: 'backup' }] }
    expect(readKeptWork(JSON.parse(JSON.stringify(kept)))).toEqual(kept)
  })

  it('is nothing where it makes no sense', () => {
    const nothing = { run: null, pipes: [] }
    for (const kept of [
      undefined,
      null,
      'x',
      [],
      { run: 7, pipes: {} },
      { pipes: [null, { id: '', run: 1 }, { id: 'a', run: '1' }] },
    ])
      expect(readKeptWork(kept)).toEqual(nothing)
    const twice = { pipes: [1, 2].map((run) => ({ id: 'a', run, savedAs: 5 })) }
    expect(readKeptWork(twice).pipes).toEqual([{ id: 'a', run: 1, savedAs: '' }])
  })
})
