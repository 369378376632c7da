/** Whether the command palette is open, and which entries match what is typed in it. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const usePalette = defineStore('palette', () => {
  const open = ref(false)
  /** Everything, or the open tabs alone. */
  const lists = ref<'all' | 'tabs'>('all')
  function show(what: 'all' | 'tabs' = 'all'): void {
    lists.value = what
    open.value = true
  }
  const hide = () => void (open.value = false)
  return { open, lists, show, hide }
})
