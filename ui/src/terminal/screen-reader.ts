/** Whether terminals are made so that a screen reader can read them, which makes each line of output cost more. */
import { ref } from 'vue'
import { useBackend } from '../ipc'

const detected = ref(false)

/** Asks the desktop once, at the start. Where it does not tell, `auto` means no. */
export async function detectScreenReader(): Promise<void> {
  detected.value = await useBackend()
    .call('screen_reader_running', {})
    .catch(() => false)
}

/** Reactive. */
export function usesScreenReader(choice: 'auto' | 'on' | 'off'): boolean {
  return choice === 'on' || (choice === 'auto' && detected.value)
}
