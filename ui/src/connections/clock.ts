/** One clock for all that counts seconds in the window: whoever reads it is drawn anew once a second, and nobody else. */
import { createSharedComposable, useIntervalFn } from '@vueuse/core'
import { shallowReadonly, shallowRef, type Ref } from 'vue'

const TICK_MS = 1000

const now = shallowRef(Date.now())

/** Sets the clock right: a countdown that begins between two ticks would begin a second too high. */
export function tick(): void {
  now.value = Date.now()
}

const ticking = createSharedComposable(() => {
  tick()
  useIntervalFn(tick, TICK_MS)
})

/** Milliseconds since the Unix epoch, as of the last tick. Runs while somebody uses it. */
export function useClock(): Readonly<Ref<number>> {
  ticking()
  return shallowReadonly(now)
}
