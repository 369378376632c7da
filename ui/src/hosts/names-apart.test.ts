// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { namesApart } from './names-apart'

const host = (id: string, label: string, more = {}) => ({
  id,
  label,
  address: '10.0.0.1',
  builtin: false,
  user: 'me',
  port: 22,
  group: '',
  ...more,
})

it('calls a host by its name, and by more where another has the name', () => {
  const names = namesApart([
    host('1', 'web'),
    host('2', 'db'),
    host('3', 'DB', { address: 'fd00::2', port: 2222 }),
    host('4', 'x', { group: 'prod' }),
    host('5', 'x', { group: 'staging' }),
    host('6', 'y'),
    host('7', 'y'),
  ])
  expect([...names]).toEqual([
    ['1', 'web'],
    ['2', 'db · me@10.0.0.1'],
    ['3', 'DB · me@[fd00::2]:2222'],
    ['4', 'x · me@10.0.0.1 · prod'],
    ['5', 'x · me@10.0.0.1 · staging'],
    ['6', 'y · me@10.0.0.1 · 6'],
    ['7', 'y · me@10.0.0.1 · 7'],
  ])
})
