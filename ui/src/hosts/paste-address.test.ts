import { expect, it } from 'vitest'
import { parsePastedAddress } from './paste-address'

it.each([
  ['ssh root@box -p 2222', { address: 'box', user: 'root', port: 2222, ignored: [] }],
  ['$ ssh -p2222 -i ~/.ssh/id_box box', { address: 'box', port: 2222, keyPath: '~/.ssh/id_box', ignored: [] }],
  ['ssh -l ada box', { address: 'box', user: 'ada', ignored: [] }],
  ['ssh -o Port=2200 -o "User ada" box', { address: 'box', port: 2200, user: 'ada', ignored: [] }],
  ['ssh -A -J bastion ada@box uptime -p', { address: 'box', user: 'ada', ignored: ['-A', '-J bastion', 'uptime -p'] }],
  ['ada@box:2222', { address: 'box', user: 'ada', port: 2222, ignored: [] }],
  ['box:2222', { address: 'box', port: 2222, ignored: [] }],
  ['ada@box', { address: 'box', user: 'ada', ignored: [] }],
  ['[fe80::1]:22', { address: 'fe80::1', port: 22, ignored: [] }],
  ['ssh://ada@box:2222/srv', { address: 'box', user: 'ada', port: 2222, ignored: [] }],
  ['ssh://ada:secret@box', { address: 'box', user: 'ada', ignored: [] }],
  ['ada@example.org@box', { address: 'box', user: 'ada@example.org', ignored: [] }],
])('takes %s apart', (pasted, parts) => {
  expect(parsePastedAddress(pasted)).toEqual(parts)
})

it.each(['', 'box', 'fe80::1', 'two words', 'a\nb', 'ssh', 'ssh -p 22', '文件.example'])('leaves %j as it is', (pasted) => {
  expect(parsePastedAddress(pasted)).toBeNull()
})
