// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { createFake } from '../ipc/fake'
import { provideBackend, useBackend } from '../ipc'
import { useNotices } from '../notices/notices'
import { DragOut } from './drag-out'

const DRAGGED = { hostId: 'web-01', paths: ['/srv/a'] }
let called: string[]

beforeEach(() => {
  setActivePinia(createPinia())
  provideBackend(createFake())
  called = []
  const call = useBackend().call.bind(useBackend())
  vi.spyOn(useBackend(), 'call').mockImplementation((name, args) => {
    called.push(name)
    return call(name, args)
  })
})

function transfer() {
  const data = new Map<string, string>()
  return { data, transfer: { setData: (type: string, text: string) => data.set(type, text) } as unknown as DataTransfer }
}

it('fetches what is dragged once the pointer is out, and only then', async () => {
  const { data, transfer: given } = transfer()
  const dragOut = new DragOut('linux')
  dragOut.begin(DRAGGED, given)
  expect(data.get('text/uri-list')).toMatch(/^bowline-files:[0-9a-f-]{36}$/)
  expect(called).toEqual(['drag_out_begin'])
  dragOut.left()
  dragOut.left()
  expect(called).toEqual(['drag_out_begin', 'drag_out_fetch'])
  await dragOut.end(true)
  dragOut.left()
  expect(called).toEqual(['drag_out_begin', 'drag_out_fetch', 'drag_out_end'])
})

it('says where dragging out is not possible, and gives nothing away there', async () => {
  const { data, transfer: given } = transfer()
  const dragOut = new DragOut('macos')
  dragOut.begin(DRAGGED, given)
  await dragOut.end(false)
  expect(useNotices().toasts).toEqual([])
  dragOut.begin(DRAGGED, given)
  dragOut.left()
  await dragOut.end(false)
  expect(useNotices().toasts.map(({ text }) => text)).toEqual([expect.stringContaining('Copy for pasting elsewhere')])
  expect(data.size).toBe(0)
  expect(called).toEqual([])
})

it('ends a drag that the next one overtakes, and does not take its late end for that of the next', async () => {
  const dragOut = new DragOut('linux')
  dragOut.begin(DRAGGED, transfer().transfer)
  expect(dragOut.isLateEnd()).toBe(false)
  dragOut.left()
  dragOut.begin({ hostId: 'web-01', paths: ['/srv/b'] }, transfer().transfer)
  expect(called).toEqual(['drag_out_begin', 'drag_out_fetch', 'drag_out_end', 'drag_out_begin'])
  expect(dragOut.isLateEnd()).toBe(true)
  expect(dragOut.isLateEnd()).toBe(false)
  dragOut.left()
  await dragOut.end(true)
  expect(called.slice(4)).toEqual(['drag_out_fetch', 'drag_out_end'])
})

it('says nothing of fetching any more once that is over', async () => {
  vi.useFakeTimers()
  let arrive = (): void => undefined
  vi.spyOn(useBackend(), 'call').mockImplementation((name) =>
    name === 'drag_out_fetch' ? new Promise((resolve) => (arrive = () => resolve(null))) : Promise.resolve(null as never),
  )
  const dragOut = new DragOut('linux')
  dragOut.begin(DRAGGED, transfer().transfer)
  dragOut.left()
  await vi.advanceTimersByTimeAsync(1000)
  expect(useNotices().toasts).toHaveLength(1)
  arrive()
  await vi.advanceTimersByTimeAsync(0)
  expect(useNotices().toasts).toEqual([])
  vi.useRealTimers()
})
