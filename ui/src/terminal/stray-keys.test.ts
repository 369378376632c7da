// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { refuseStrayKeys } from './stray-keys'

function bed() {
  const surface = document.createElement('div')
  const area = document.createElement('textarea')
  surface.append(area)
  document.body.append(surface)
  refuseStrayKeys(surface)
  const seen: string[] = []
  area.addEventListener('keypress', (event) => seen.push(event.key))
  const key = (type: string, name: string) =>
    area.dispatchEvent(new KeyboardEvent(type, { key: name, bubbles: true, cancelable: true }))
  return { area, seen, key }
}

describe('keys that were pressed elsewhere', () => {
  it('lets a key through that was pressed in the terminal', () => {
    const { seen, key } = bed()
    key('keydown', 'a')
    key('keypress', 'a')
    expect(seen).toEqual(['a'])
  })

  it('refuses the keypress of a key whose keydown closed a dialog', () => {
    const { area, seen, key } = bed()
    area.dispatchEvent(new FocusEvent('focusin', { bubbles: true }))
    expect(key('keypress', 'Escape')).toBe(false)
    key('keydown', 'e')
    key('keypress', 'e')
    expect(seen).toEqual(['e'])
  })
})
