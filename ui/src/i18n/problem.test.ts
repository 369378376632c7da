// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { provideBackend, type Problem } from '../ipc'
import { createFake } from '../ipc/fake'
import { problemText } from './problem'
import { showLanguage } from '.'

const unknownType = (params: Record<string, string>): Problem => ({
  code: 'key-unknown-type',
  action: 'fix',
  message: 'not a private key',
  params: { path: '~/.ssh/id_box', ...params },
})

beforeEach(() => provideBackend(createFake()))
afterEach(() => showLanguage('en'))

it.each([
  ['public-key', 'public half', 'without .pub'],
  ['fido', 'hardware security key', 'choose "SSH agent"'],
  ['dsa', 'too old', 'ssh-keygen -t ed25519'],
  ['cipher', 'encrypted in a way', 'ssh-keygen -p -f'],
  ['unknown', 'not a private key that Bowline knows', 'PuTTY'],
])('says of a key that cannot be used because of %s what it is and what to do', (reason, text, fix) => {
  const said = problemText(unknownType({ reason }))
  expect(said.text).toContain('~/.ssh/id_box')
  expect(said.text).toContain(text)
  expect(said.fix).toContain(fix)
})

it.each([{}, { reason: 'a-later-one' }, { reason: '' }])('says the usual with %j', (params) => {
  expect(problemText(unknownType(params)).text).toBe('~/.ssh/id_box is not a private key that Bowline knows.')
})

it('gives the reason in the language of the window', () => {
  showLanguage('zh-CN')
  expect(problemText(unknownType({ reason: 'public-key' })).text).toBe('~/.ssh/id_box 是密钥的公钥部分。')
})
