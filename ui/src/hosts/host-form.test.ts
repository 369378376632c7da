// @vitest-environment happy-dom
import { nextTick } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { provideBackend, type FieldProblem } from '../ipc'
import { createFake } from '../ipc/fake'
import { EMPTY_DRAFT, portOf, useHostForm } from './host-form'

beforeEach(() => {
  vi.useFakeTimers()
  provideBackend(createFake())
})
afterEach(() => void vi.useRealTimers())

const settle = async () => {
  await nextTick()
  await vi.advanceTimersByTimeAsync(200)
}

it('says nothing about fields that nobody touched', async () => {
  const form = useHostForm(EMPTY_DRAFT)
  form.typed.user = 'ada'
  await settle()
  expect(form.problem('address')).toBeUndefined()
})

it('explains a field soon after it was typed into', async () => {
  const form = useHostForm(EMPTY_DRAFT)
  form.typed.address = '-oProxyCommand=x'
  await settle()
  expect(form.problem('address')).toContain('cannot begin with a dash')
  form.typed.address = 'box'
  await settle()
  expect(form.problem('address')).toBeUndefined()
})

it('shows every problem once one wants to save', async () => {
  const form = useHostForm(EMPTY_DRAFT)
  expect(await form.accept()).toBe(false)
  expect(form.problem('address')).toContain('cannot be empty')
})

it('drops an answer that was overtaken by a later question', async () => {
  const fake = createFake()
  const answers: ((problems: FieldProblem[]) => void)[] = []
  vi.spyOn(fake, 'call').mockImplementation(() => new Promise((answer) => answers.push(answer)))
  provideBackend(fake)
  const form = useHostForm(EMPTY_DRAFT)
  form.typed.address = 'a b'
  await settle()
  form.typed.address = 'ab'
  await settle()
  answers[1]?.([])
  answers[0]?.([{ field: 'address', problem: 'whitespace' }])
  await settle()
  expect(form.problem('address')).toBeUndefined()
  expect(form.typed.address).toBe('ab')
})

it.each(['', '0', '65536', '22x', '-1', '1e3', '123456'])('takes %j for no port, without asking the engine', async (port) => {
  const form = useHostForm({ ...EMPTY_DRAFT, address: 'box' })
  form.typed.port = port
  expect(await form.accept()).toBe(false)
  expect(form.problem('port')).toContain('1 to 65535')
})

it.each(['automatic', 'password', 'agent', 'key', 'keyboard-interactive'] as const)('keeps the key file with %s', (auth) => {
  const form = useHostForm({ ...EMPTY_DRAFT, address: 'box', keyPath: '~/.ssh/id_box' })
  form.typed.auth = auth
  expect(form.draft.value.keyPath).toBe('~/.ssh/id_box')
})

it('reads ports', () => {
  expect([portOf('22'), portOf(' 65535 '), portOf('1')]).toEqual([22, 65535, 1])
})
