// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { showLanguage } from '../i18n'
import { provideBackend, type TunnelView } from '../ipc'
import { createFake } from '../ipc/fake'
import { addressOf, endsOf, nameOf, pageOf } from './tunnel-words'

beforeEach(async () => {
  provideBackend(createFake())
  await showLanguage('en')
})
afterEach(() => showLanguage('en'))

const tunnel = (given: Partial<TunnelView>): TunnelView => ({
  id: '1',
  hostId: 'web-01',
  name: '',
  kind: 'local',
  listen: '8080',
  target: 'localhost:80',
  starts: 'by-hand',
  saved: true,
  state: 'up',
  bound: ['127.0.0.1:8080', '[::1]:8080'],
  trouble: null,
  live: 0,
  total: 0,
  waiting: 0,
  failed: 0,
  sentBytes: 0,
  receivedBytes: 0,
  sentPerSecond: 0,
  receivedPerSecond: 0,
  heldBytes: 0,
  ...given,
})

it('names a tunnel by its ends unless it has a name', () => {
  expect(nameOf(tunnel({}))).toBe('8080 → localhost:80')
  expect(nameOf(tunnel({ name: 'Shop' }))).toBe('Shop')
  expect(endsOf(tunnel({ kind: 'dynamic', listen: '1080', target: '' }))).toBe('1080 → SOCKS')
})

it('offers a browser what looks like a page, at the address that is bound', () => {
  expect(pageOf(tunnel({}))).toBe('http://127.0.0.1:8080/')
  expect(pageOf(tunnel({ target: '[::1]:443', bound: ['0.0.0.0:4711'] }))).toBe('https://127.0.0.1:4711/')
  expect(pageOf(tunnel({ target: 'app:3000' }))).toBe('http://127.0.0.1:8080/')
  expect(pageOf(tunnel({ bound: ['127.0.0.2:8080'] }))).toBe('http://127.0.0.2:8080/')
  expect(pageOf(tunnel({ bound: ['[fd00::5]:8080'] }))).toBe('http://[fd00::5]:8080/')
  expect(pageOf(tunnel({ target: 'db:5432' }))).toBeNull()
  expect(pageOf(tunnel({ state: 'waiting' }))).toBeNull()
  expect(pageOf(tunnel({ kind: 'remote' }))).toBeNull()
  expect(pageOf(tunnel({ bound: ['/tmp/app.sock'] }))).toBeNull()
  expect(pageOf(tunnel({ target: '/run/app.sock' }))).toBeNull()
})

it('copies an address that a program can use', () => {
  expect(addressOf(tunnel({ bound: ['0.0.0.0:8080', '[::]:8080'] }))).toBe('127.0.0.1:8080')
  expect(addressOf(tunnel({ bound: ['[::]:8080'] }))).toBe('[::1]:8080')
  expect(addressOf(tunnel({ bound: [] }))).toBeNull()
})
