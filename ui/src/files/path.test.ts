import { expect, it } from 'vitest'
import { crumbs, fileName, fileUri, fromShown, joinPath, nameProblem, parentPath, shownPath, typedPath } from './path'

it('shows what is hidden or no text, and never two names alike', () => {
  expect(shownPath('/srv/发布 ü')).toBe('/srv/发布 ü')
  expect(shownPath('a\u001b[2Jb\n')).toBe('a\\u{1b}[2Jb\\u{a}')
  expect(shownPath('caf\u{10fee9}')).toBe('caf\\xe9')
  expect(shownPath('caf\\xe9')).toBe('caf\\\\xe9')
  expect(shownPath('txt.\u202eexe')).toBe('txt.\\u{202e}exe')
})

it('takes paths apart and puts them together', () => {
  expect(parentPath('/')).toBeNull()
  expect([parentPath('/a'), parentPath('/a/b/'), fileName('/a/b')]).toEqual(['/', '/a', 'b'])
  expect([joinPath('/', 'a'), joinPath('/a', 'b')]).toEqual(['/a', '/a/b'])
  expect(crumbs('/srv/www').map(({ path }) => path)).toEqual(['/', '/srv', '/srv/www'])
  expect(typedPath('logs', '/var')).toBe('/var/logs')
  expect(typedPath('~/x', '/var')).toBe('~/x')
})

it('takes a path as it is shown', () => {
  for (const path of ['/srv/发布 ü', 'caf\u{10fee9}', 'caf\\xe9', 'txt.\u202eexe', 'a\\\\b', '/a\\'])
    expect(fromShown(shownPath(path))).toBe(path)
  expect(typedPath('dir\\xfebad', '/srv')).toBe('/srv/dir\u{10fefe}bad')
  // A backslash that nobody has doubled is one.
  expect(typedPath('a\\b', '/srv')).toBe('/srv/a\\b')
  expect(typedPath(' \\u{20}a ', '/srv')).toBe('/srv/ a')
})

it('knows what is no name', () => {
  expect(['', '.', '..', 'a/b', 'a'].map(nameProblem)).toEqual(['empty', 'dots', 'dots', 'slash', null])
})

it('gives other programs a path byte by byte', () => {
  expect(fileUri('/srv/a b#%/发.txt')).toBe('file:///srv/a%20b%23%25/%E5%8F%91.txt')
  expect(fileUri('/caf\u{10fee9}')).toBe('file:///caf%E9')
})
