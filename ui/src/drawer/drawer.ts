/** The drawer on the right: whether it is open, and at which page. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

/** In the order of their tabs. A page is added here, in `DrawerPanel.vue` and in the catalogue. */
export const DRAWER_PAGES = ['files', 'tunnels', 'health', 'timeline'] as const
export type DrawerPage = (typeof DRAWER_PAGES)[number]

export const useDrawer = defineStore('drawer', () => {
  const open = ref(false)
  const page = ref<DrawerPage>('health')
  /** The page that is seen. */
  const shown = computed(() => (open.value ? page.value : null))
  /** Counts up when its page was asked for: the drawer then takes the focus. */
  const wanted = ref(0)

  function show(next: DrawerPage): void {
    page.value = next
    open.value = true
    wanted.value++
  }

  function close(): void {
    open.value = false
  }

  /** For a key or a click that shows a page and, when it is shown already, hides it. */
  function toggle(next: DrawerPage = page.value): void {
    if (shown.value === next) close()
    else show(next)
  }

  return { open, page, shown, wanted, show, close, toggle }
})
