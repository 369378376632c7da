// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { nameBackTab } from './back-tab'

it('shows a press that the web view does not name as Tab with Shift, once, and keeps whether it was used up', () => {
  nameBackTab()
  document.body.innerHTML = '<button></button><div class="xterm"><textarea></textarea></div>'
  const seen: string[] = []
  let used = false
  document.addEventListener('keydown', (event) => {
    seen.push(`${event.key} ${event.shiftKey}`)
    if (used) event.preventDefault()
  })
  const press = (selector: string, key: string) =>
    document
      .querySelector(selector)
      ?.dispatchEvent(new KeyboardEvent('keydown', { key, code: 'Tab', shiftKey: true, bubbles: true, cancelable: true }))
  expect(press('button', 'Unidentified')).toBe(true)
  used = true
  expect(press('button', 'Unidentified')).toBe(false)
  press('button', 'Tab')
  press('textarea', 'Unidentified')
  expect(seen).toEqual(['Tab true', 'Tab true', 'Tab true', 'Unidentified true'])
})
