import { expect, it } from 'vitest'
import { PENDING_BYTES, PendingKeys, visibleKeys } from './pending-keys'

it('shows every key, also those that have no letter', () => {
  expect(visibleKeys('ls -la\r')).toBe('ls -la⏎')
  expect(visibleKeys('\x1b[A\x1bOB\t\x7f\x03\x1bx')).toBe('↑↓⇥⌫␃␛x')
  expect(visibleKeys('你好\u202eabc')).toBe('你好\ufffdabc')
})

it('keeps keys in order and gives them away once', () => {
  const pending = new PendingKeys()
  expect(pending.isEmpty).toBe(true)
  pending.add('l')
  pending.add('s\r')
  expect(pending.shown.value).toBe('ls⏎')
  expect(pending.take()).toBe('ls\r')
  expect(pending.take()).toBe('')
  expect(pending.shown.value).toBe('')
})

it('keeps 4 KiB of UTF-8, a key as a whole, and nothing behind what did not fit', () => {
  const pending = new PendingKeys()
  expect(pending.add('x'.repeat(PENDING_BYTES - 2))).toBe(true)
  expect(pending.full.value).toBe(false)
  expect(pending.add('你')).toBe(false)
  expect(pending.full.value).toBe(true)
  expect(pending.add('y')).toBe(false)
  expect(pending.take()).toBe('x'.repeat(PENDING_BYTES - 2))
  expect(pending.full.value).toBe(false)
  expect(pending.add('z')).toBe(true)
})

it.each(['[sudo] password for ada: ', 'Enter passphrase for key: ', '请输入密码：', 'Password:'])(
  'does not show what is typed behind %j',
  (line) => {
    const pending = new PendingKeys()
    pending.begin(line)
    pending.add('secret')
    expect(pending.shown.value).toBe('••••••')
    expect(pending.take()).toBe('secret')
    pending.begin('ada@web:~$ ')
    pending.add('ls')
    expect(pending.shown.value).toBe('ls')
  },
)

it('is copied as the text that it is, and not at all if it was typed unseen', () => {
  const pending = new PendingKeys()
  pending.begin('ada@web:~$ ')
  pending.add('lss\x7f -l\x1b[A\x03\tx\r')
  expect(pending.copyable).toBe('ls -l\tx\n')
  pending.clear()
  pending.begin('Password: ')
  pending.add('secret')
  expect(pending.copyable).toBe('')
})
