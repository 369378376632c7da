import { expect, it } from 'vitest'
import { keysFor } from './also-typed'

it.each([
  ['\x1b[A', true, '\x1bOA'],
  ['\x1bOA', false, '\x1b[A'],
  ['\x1bOH', true, '\x1bOH'],
  ['ls', true, 'ls'],
  ['\x1b[1;5A', true, '\x1b[1;5A'],
  ['\x1bOP', false, '\x1bOP'],
])('sends %j as a terminal with application keys %s reads it', (text, application, sent) => {
  expect(keysFor(text, application)).toBe(sent)
})
