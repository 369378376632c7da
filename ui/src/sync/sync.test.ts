import { expect, it } from 'vitest'
import { NO_RULES, patterns, syncRequest } from './sync'

it('takes each line for a pattern and leaves out empty ones', () => {
  expect(patterns(' *.log \n\n/target\n')).toEqual(['*.log', '/target'])
  expect(patterns('')).toEqual([])
})

it('asks for a sync of one folder and keeps the source', () => {
  const request = syncRequest({ at: 'here', path: '/a' }, { at: 'host', hostId: 'h', path: '/b' }, NO_RULES)
  expect(request).toMatchObject({ sources: [{ path: '/a' }], exact: false, removeSources: false, sync: { delete: false } })
})
