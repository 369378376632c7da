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

it('gives the reason in the language of the window', async () => {
  await showLanguage('zh-CN')
  expect(problemText(unknownType({ reason: 'public-key' })).text).toBe('~/.ssh/id_box 是密钥的公钥部分。')
})

it.each([
  ['reset', '连接被重置。'],
  ['broken', '发送数据时连接已经中断。'],
  ['closed', '服务器关闭了连接，没有说明原因。'],
  ['said', '服务器关闭了连接，并说明：“bye”。'],
  ['silent', '主机已有 45 秒没有任何响应。'],
  ['jump', '与跳板主机 “bye” 的连接中断。'],
  ['session', '会话被关闭。'],
  ['no-status', '服务器关闭了会话，没有给出退出状态。'],
  ['unanswered', '服务器在回应之前关闭了会话。'],
  ['late', '服务器在 45 秒内没有确认命令已启动。'],
  ['app', '提供连接的应用已经退出。'],
])('says in the language of the window why nobody knows how a command ended: %s', async (reason, why) => {
  await showLanguage('zh-CN')
  const params = { address: 'db', cause: 'in English', detail: '“bye”', seconds: '45', reason }
  const said = problemText({ code: 'exec-outcome-unknown', action: 'ask', message: 'in English', params })
  expect(said.text).toBe(`不知道 db 上的命令如何结束：${why}`)
  expect(said.fix).toContain('请先查看它做了什么')
})
