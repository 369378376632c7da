/**
 * One clock for all that counts seconds in the window: whoever reads it is drawn anew once a second, and nobody else. It stands
 * still while nobody can see the window.
 */
import { createSharedComposable, useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { shallowReadonly, shallowRef, watch, type Ref } from 'vue'

const TICK_MS = 1000

const now = shallowRef(Date.now())

/** Sets the clock right: a countdown that begins between two ticks would begin a second too high. */
export function tick(): void {
  now.value = Date.now()
}

const ticking = createSharedComposable(() => {
  tick()
  const { pause, resume } = useIntervalFn(tick, TICK_MS)
  watch(useDocumentVisibility(), (visibility) => {
    if (visibility === 'hidden') return pause()
    tick()
    resume()
  })
})

/** Milliseconds since the Unix epoch, as of the last tick. Runs while somebody uses it. */
export function useClock(): Readonly<Ref<number>> {
  ticking()
  return shallowReadonly(now)
}
