import { expect, it } from 'vitest'
import { bitOf, bitState, decide, fromOctal, octal, specialBit, UNDECIDED } from './mode'

it('says of several files what they share, and leaves the rest alone', () => {
  const modes = [0o644, 0o755]
  expect(bitState(modes, UNDECIDED, bitOf('user', 'read'))).toBe('on')
  expect(bitState(modes, UNDECIDED, bitOf('user', 'execute'))).toBe('mixed')
  expect(bitState(modes, UNDECIDED, specialBit('setuid'))).toBe('off')
  expect(octal(modes, UNDECIDED)).toBeNull()
  let decided = UNDECIDED
  for (const who of ['user', 'group', 'others'] as const) decided = decide(decided, bitOf(who, 'execute'), true)
  expect(octal(modes, decided)).toBe('755')
  expect(decided).toEqual({ set: 0o111, clear: 0 })
})

it('takes octal digits as they are meant', () => {
  expect(fromOctal('640')).toEqual({ set: 0o640, clear: 0o7137 })
  expect(fromOctal('1777')?.set).toBe(0o1777)
  expect(['8', '64', '77777', 'rwx', ''].map(fromOctal)).toEqual([null, null, null, null, null])
})
