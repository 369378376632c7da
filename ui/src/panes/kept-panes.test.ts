import { describe, expect, it } from 'vitest'
import { readKeptPanes, SHARE } from './kept-panes'

const side = (place: string, path = '/') => ({ place, path })

describe('what is kept of two panes', () => {
  it('comes back as it was', () => {
    const kept = [{ id: 'files-1', sides: [side('local', '/home'), side('sudo:a', '/etc')], share: 0.3 }]
    expect(readKeptPanes(JSON.parse(JSON.stringify(kept)))).toEqual(kept)
  })

  it('is nothing where it makes no sense', () => {
    expect(readKeptPanes(undefined)).toEqual([])
    expect(readKeptPanes([{ id: 'a', sides: [side('local')] }, null, { id: '', sides: [side('a'), side('b')] }])).toEqual([])
    const twice = [1, 2].map(() => ({ id: 'a', sides: [side('a'), side('b')], share: 7 }))
    expect(readKeptPanes(twice).map(({ share }) => share)).toEqual([SHARE.max])
  })
})
