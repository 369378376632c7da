// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { mendSystemLanguage } from './system-language'

afterEach(() => void Reflect.deleteProperty(navigator, 'language'))

it.each([
  ['C', 'en'],
  ['zh-CN', 'zh-CN'],
])('the language %s of the system is taken as %s', (told, taken) => {
  Object.defineProperty(navigator, 'language', { value: told, configurable: true })
  mendSystemLanguage()
  expect(navigator.language).toBe(taken)
  expect(() => new Intl.NumberFormat(navigator.language)).not.toThrow()
})
