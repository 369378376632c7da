/** Which windows there are and what lies in them, as the engine last told it. Each has a page of its own, with its own stores. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { MAIN_WINDOW, useBackend, type WindowsView, type WindowView } from '../ipc'

export const useWindows = defineStore('windows', () => {
  const own = useBackend().window
  const view = shallowRef<WindowsView>({ windows: [], front: own, asks: own })

  const isMain = own === MAIN_WINDOW
  const others = computed(() => view.value.windows.filter(({ id }) => id !== own))
  /** The main window, for the others while it is open. */
  const main = computed<WindowView | undefined>(() => others.value.find(({ id }) => id === MAIN_WINDOW))
  /** Whether a person used this one last: what is told once is told here. */
  const isFront = computed(() => view.value.front === own)
  /** Whether questions are asked here. */
  const asks = computed(() => view.value.asks === own)
  /** Tabs that were sent here and are not shown yet. */
  const arriving = computed(() => view.value.windows.find(({ id }) => id === own)?.arriving ?? 0)
  /** The one after this one, around the end. */
  const next = computed<WindowView | undefined>(() => {
    const all = view.value.windows
    const at = all.findIndex(({ id }) => id === own)
    return all.length > 1 ? all[(at + 1) % all.length] : undefined
  })

  function show(next: WindowsView): void {
    view.value = next
  }

  return { own, view, isMain, others, main, isFront, asks, arriving, next, show }
})
