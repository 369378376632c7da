/** What other starts of the app ask for: `bowline open` and ssh:// links. They wait until the window in front takes them on. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { useBackend, type OpenRequest } from '../ipc'

export const useLinks = defineStore('links', () => {
  const waiting = shallowRef<OpenRequest[]>([])

  function show(requests: OpenRequest[]): void {
    waiting.value = requests
  }

  /** Says whether it is this window's to show. */
  async function take(request: OpenRequest): Promise<boolean> {
    waiting.value = waiting.value.filter(({ id }) => id !== request.id)
    return useBackend().call('open_take', { id: request.id })
  }

  return { waiting, show, take }
})
