// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { provideBackend, useBackend } from '../ipc'
import { createFake } from '../ipc/fake'
import { registerAction, runAction } from '../workspace/actions'
import { attempt } from './attempt'
import { useNotices } from './notices'

beforeEach(() => {
  setActivePinia(createPinia())
  provideBackend(createFake())
})

it('says why something was refused', async () => {
  await attempt(() => useBackend().call('open_link', { url: 'https://user@example.org/' }))
  expect(useNotices().toasts).toMatchObject([
    { tone: 'bad', text: expect.stringContaining('https://user@example.org/') as string },
  ])
})

it('says nothing of what succeeds', async () => {
  await attempt(() => useBackend().call('open_link', { url: 'https://example.org/' }))
  expect(useNotices().toasts).toEqual([])
})

it.each([
  ['throws', () => expect.fail('thrown')],
  ['rejects', () => Promise.reject(new Error('rejected'))],
])('leaves no action silent that %s', async (_, run) => {
  const remove = registerAction({ id: 'test.failing', run })
  expect(runAction('test.failing')).toBe(true)
  await vi.waitFor(() => expect(useNotices().toasts).toHaveLength(1))
  remove()
})
