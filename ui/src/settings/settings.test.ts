import { expect, it } from 'vitest'
import { DEFAULT_SETTINGS, readSettings } from './settings'

it('takes the defaults when nothing was stored', () => {
  expect(readSettings({})).toEqual(DEFAULT_SETTINGS)
})

it('keeps what is sound and replaces only what is not', () => {
  const stored = { theme: 'light', language: 'tlh', fontSize: 'huge', cursorBlink: 1, scrollback: 500, foldedGroups: ['Lab', 7] }
  expect(readSettings(stored)).toEqual({ ...DEFAULT_SETTINGS, theme: 'light', scrollback: 500, foldedGroups: ['Lab'] })
})

it('brings numbers within their limits', () => {
  const { fontSize, lineHeight, scrollback, sidebarWidth } = readSettings({
    fontSize: 3,
    lineHeight: 9,
    scrollback: 1e9,
    sidebarWidth: -1,
  })
  expect({ fontSize, lineHeight, scrollback, sidebarWidth }).toEqual({
    fontSize: 8,
    lineHeight: 2,
    scrollback: 100_000,
    sidebarWidth: 200,
  })
})

it('takes no font that could be more than a font', () => {
  expect(readSettings({ fontFamily: 'Fira Code, monospace' }).fontFamily).toBe('Fira Code, monospace')
  expect(readSettings({ fontFamily: 'x; background: url(//evil)' }).fontFamily).toBe('')
})
