import { expect, it } from 'vitest'
import { shownPath } from '../jobs/shown-path'
import { endOf, liesThere, readDragged } from './dragged'
import { typedPaths } from './typed-paths'

it('types paths that every shell reads as one word each', () => {
  const paths = [
    '/srv/a.txt',
    '/srv/a b',
    "/srv/it's",
    '/srv/$(rm -rf)',
    '/srv/-n',
    '/srv/文件',
    '/srv/a\nb',
    '~x',
    '/a#b',
    '/a*',
  ]
  expect(typedPaths(paths, 'linux')).toBe(
    String.raw`/srv/a.txt '/srv/a b' '/srv/it'\''s' '/srv/$(rm -rf)' /srv/-n /srv/文件 $'/srv/a\x0ab' '~x' '/a#b' '/a*' `,
  )
  expect(typedPaths(['C:\\Users\\ada', 'C:\\a b'], 'windows')).toBe('C:\\Users\\ada "C:\\a b" ')
  // PowerShell would run what is in the brackets, and takes a curved quote for the end of the name.
  expect(typedPaths(['C:\\$(calc)\u201d;calc'], 'windows')).toBe('"C:\\`$(calc)`\u201d;calc" ')
})

it('reads what is dragged between windows, and nothing else', () => {
  expect(readDragged('{"hostId":"web-01","paths":["/srv/a"]}')).toEqual({ hostId: 'web-01', paths: ['/srv/a'] })
  for (const bad of [
    '',
    'x',
    'null',
    '{}',
    '{"hostId":1,"paths":["/a"]}',
    '{"hostId":"a","paths":[]}',
    '{"hostId":"a","paths":[""]}',
  ])
    expect(readDragged(bad), bad).toBeUndefined()
})

it('moves nothing to where it lies, or into itself', () => {
  const dragged = { hostId: 'web-01', paths: ['/srv/www/a', '/srv/www/logs'] }
  expect(liesThere(dragged, 'web-01', '/srv/www')).toBe(true)
  expect(liesThere(dragged, 'web-01', '/srv/www/logs')).toBe(true)
  expect(liesThere(dragged, 'web-01', '/srv/www/logs/old')).toBe(true)
  expect(liesThere(dragged, 'web-01', '/srv/www/logs-old')).toBe(false)
  expect(liesThere(dragged, 'web-02', '/srv/www')).toBe(false)
})

it('tells this computer from a host', () => {
  expect(endOf('local', '/a')).toEqual({ at: 'here', path: '/a' })
  expect(endOf('web-01', '/a')).toEqual({ at: 'host', hostId: 'web-01', path: '/a' })
})

it('shows what cannot be seen in a path', () => {
  expect(shownPath('/srv/caf\u{10fee9}/a\nb/\u202egpj.exe/文件')).toBe(String.raw`/srv/caf\xe9/a\x0ab/\u202egpj.exe/文件`)
})
