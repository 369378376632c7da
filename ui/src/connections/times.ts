/** Tells the engine what the person has set about time, now and whenever that changes. */
import { watch } from 'vue'
import { useBackend, type Stop } from '../ipc'
import { useSettings } from '../settings/settings'

export function tellConnectionTimes(): Stop {
  const { current } = useSettings()
  return watch(
    () => ({
      diallingSeconds: current.diallingSeconds,
      quietSeconds: current.quietSeconds,
      unusedMinutes: current.unusedMinutes,
    }),
    (times) =>
      void useBackend()
        .call('connection_times', { times })
        .catch(() => {}),
    { immediate: true },
  )
}
