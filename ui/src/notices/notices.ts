/** What the person should know but need not answer: the store's and the keyring's notices, and short toasts. */
import { useThrottleFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { useBackend, type KeyringState, type Problem, type StoreNotice } from '../ipc'

export interface Toast {
  id: number
  /** In the language of the window, also after that has changed. */
  readonly text: string
  /** What the button beside the text does, such as Undo. */
  action?: { label: () => string; run: () => void | Promise<void> }
  tone: 'plain' | 'bad'
}

/** Long enough to read a sentence and to reach for Undo. */
const TOAST_MS = 8000
/** Short enough for one who has just unlocked the keyring; a question to the system each time is not free. */
const KEYRING_FRESH_MS = 5000

export const useNotices = defineStore('notices', () => {
  const store = shallowRef<StoreNotice[]>([])
  /** Why the keyring cannot be used; it stays when its notice is dismissed. */
  const keyringProblem = shallowRef<Problem | null>(null)
  /** Why the engine could not be asked at the start. */
  const engine = shallowRef<Problem | null>(null)
  const keyringDismissed = ref(false)
  const keyring = computed(() => (keyringDismissed.value ? null : keyringProblem.value))
  const toasts = shallowRef<Toast[]>([])
  /** The newest of them with something to do. */
  const offering = computed(() => toasts.value.findLast((toast) => toast.action !== undefined))
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  let nextId = 1

  function show(storeNotices: StoreNotice[], keyringState: KeyringState): void {
    store.value = storeNotices
    showKeyring(keyringState)
  }

  function showKeyring(state: KeyringState): void {
    keyringProblem.value = state.state === 'unusable' ? state.problem : null
  }

  /** Asks again whether the keyring can be used: for what is about to offer to keep a password. */
  const refreshKeyring = useThrottleFn(async () => {
    // What was known before stays when the engine cannot say.
    const overview = await useBackend()
      .call('overview', {})
      .catch(() => undefined)
    if (overview) showKeyring(overview.keyring)
  }, KEYRING_FRESH_MS)

  function showEngine(problem: Problem): void {
    engine.value = problem
  }

  function dismissStore(notice: StoreNotice): void {
    store.value = store.value.filter((other) => other !== notice)
  }

  function dismissKeyring(): void {
    keyringDismissed.value = true
  }

  function dismissAll(): void {
    store.value = []
    dismissKeyring()
  }

  /** One that says what goes on is dismissed when that is over, which is `until`. */
  function toast(
    text: () => string,
    { until, ...options }: Partial<Pick<Toast, 'action' | 'tone'>> & { until?: Promise<unknown> } = {},
  ): void {
    const id = nextId++
    const shown: Toast = {
      id,
      get text() {
        return text()
      },
      tone: 'plain',
      ...options,
    }
    toasts.value = [...toasts.value, shown]
    timers.set(
      id,
      setTimeout(() => dismissToast(id), TOAST_MS),
    )
    void until?.catch(() => undefined).then(() => dismissToast(id))
  }

  /** One that the person has reached for stays until it is dismissed. */
  function holdToast(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
  }

  function dismissToast(id: number): void {
    holdToast(id)
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }

  return {
    engine,
    store,
    keyring,
    keyringProblem,
    toasts,
    offering,
    show,
    refreshKeyring,
    showEngine,
    dismissStore,
    dismissKeyring,
    dismissAll,
    toast,
    holdToast,
    dismissToast,
  }
})
