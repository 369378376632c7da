// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { provideBackend, type Backend } from '../ipc'
import { createFake } from '../ipc/fake'
import { useSettings } from './settings'

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})

/** A window, and what it has saved. */
async function windowOf(stored: Record<string, unknown>, id = 'main') {
  const saved: Record<string, unknown>[] = []
  const fake = createFake({ preferences: { load: () => stored, save: (next) => void saved.push(structuredClone(next)) } })
  provideBackend({ ...(fake as Backend), window: id })
  const settings = useSettings()
  await settings.load()
  const rest = async () => {
    await nextTick()
    await vi.advanceTimersByTimeAsync(1000)
  }
  return { settings, saved, rest, elsewhere: fake.controls.savedElsewhere }
}

it('takes what another window has set, and saves nothing for that', async () => {
  const { settings, saved, rest, elsewhere } = await windowOf({ theme: 'dark', future: 1 })
  elsewhere({ theme: 'light', fontSize: 20, future: 2 })
  await rest()
  expect([settings.current.theme, settings.current.fontSize]).toEqual(['light', 20])
  expect(saved).toEqual([])
  settings.current.copyOnSelect = true
  await rest()
  expect(saved).toHaveLength(1)
  expect(saved[0]).toMatchObject({ theme: 'light', copyOnSelect: true, future: 2 })
})

it('keeps its own change that was not saved yet', async () => {
  const { settings, saved, rest, elsewhere } = await windowOf({ theme: 'dark' })
  settings.current.fontSize = 18
  elsewhere({ theme: 'light', fontSize: 13 })
  await rest()
  expect([settings.current.theme, settings.current.fontSize]).toEqual(['light', 18])
  expect(saved.at(-1)).toMatchObject({ theme: 'light', fontSize: 18 })
})

it('leaves the hosts of the main window as they are shown there', async () => {
  const { settings, saved, rest, elsewhere } = await windowOf({ sidebarShown: true }, 'window-2')
  expect(settings.current.sidebarShown).toBe(false)
  settings.current.sidebarShown = true
  await rest()
  expect(saved).toEqual([])
  elsewhere({ sidebarShown: false })
  settings.current.theme = 'light'
  await rest()
  expect(settings.current.sidebarShown).toBe(true)
  expect(saved).toHaveLength(1)
  expect(saved[0]).toMatchObject({ theme: 'light', sidebarShown: false })
})
