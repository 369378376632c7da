import { expect, it } from 'vitest'
import { shortDirectory, tabLabels, type Named } from './tab-labels'

const tab = (part: Partial<Named>): Named => ({ id: '1', host: 'web-01', given: undefined, title: '', directory: null, ...part })
const label = (part: Partial<Named>) => tabLabels([tab(part)]).get('1')

it('a directory is shown by its end, and whole in the hint', () => {
  expect(label({ directory: '/srv/www/releases/42' })).toEqual({
    name: 'web-01',
    detail: '…/releases/42',
    whole: '/srv/www/releases/42',
  })
  expect(label({ directory: '/srv/www' })).toEqual({ name: 'web-01', detail: '/srv/www', whole: '/srv/www' })
})

it('a title that only says the place gives way to the directory, and one of a program does not', () => {
  const directory = '/home/ada/src'
  for (const title of ['', 'ada@web-01: ~/src', '~/src', '/h/a/src'])
    expect(label({ title, directory })?.detail, title).toBe('…/ada/src')
  expect(label({ title: 'notes.txt - VIM', directory })).toMatchObject({
    detail: 'notes.txt - VIM',
    whole: `notes.txt - VIM — ${directory}`,
  })
})

it('without a directory everything is as before', () => {
  expect(label({ title: 'ada@web-01: ~/src' })).toMatchObject({ detail: '~/src', whole: '~/src' })
})

it('a long directory is cut to what fits', () => {
  expect(shortDirectory('/')).toBe('/')
  expect(shortDirectory('/usr/')).toBe('/usr')
  expect(shortDirectory('/a/quite-a-long-name/another-quite-long-one')).toBe('…/another-quite-long-one')
})
