// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { useConnections } from './connections/connections'
import { followEngine } from './engine'
import { useHosts } from './hosts/hosts'
import { provideBackend } from './ipc'
import { createFake } from './ipc/fake'
import { usePrompts } from './prompts/prompts'

// No tab is opened here, and xterm.js needs a real browser.
vi.mock('./terminal/sessions', () => ({ closeSession: vi.fn(), leaveSession: vi.fn(), openSession: vi.fn() }))

beforeEach(() => setActivePinia(createPinia()))

it('shows what was there before, then what happened meanwhile', async () => {
  const fake = createFake({ hosts: 'few' })
  provideBackend(fake)
  const call = fake.call.bind(fake)
  vi.spyOn(fake, 'call').mockImplementation(async (name, args) => {
    const answer = await call(name, args)
    fake.controls.connection('web-01', { state: 'up', roundTripMs: 7 })
    return answer
  })
  await followEngine()
  expect(useHosts().find('web-01')?.label).toBe('web-01')
  expect(useConnections().of('web-01')).toMatchObject({ state: 'up', roundTripMs: 7 })
  expect(useConnections().of('web-02').state).toBe('idle')
})

it('queues questions in order and takes back those that are gone', async () => {
  const fake = createFake({ hosts: 'few' })
  provideBackend(fake)
  await followEngine()
  const prompts = usePrompts()
  void fake.openTerminal('unknown', { cols: 80, rows: 24 }, () => undefined)
  void fake.openTerminal('password', { cols: 80, rows: 24 }, () => undefined)
  await vi.waitFor(() => expect(prompts.waiting).toHaveLength(2))
  const [first, second] = prompts.waiting
  fake.controls.emit({ type: 'prompt-gone', data: first?.id ?? 0 })
  expect(prompts.current).toEqual(second)
})
