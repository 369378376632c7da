/** Calls about a terminal that nobody waits for. */
import { useBackend, type Commands } from '../ipc'

/** What may come too late: the terminal is gone then. */
export function tell<
  Name extends 'terminal_ack' | 'terminal_clear' | 'terminal_close' | 'terminal_detach' | 'terminal_reset' | 'terminal_resize',
>(name: Name, args: Commands[Name]['args']): void {
  void useBackend()
    .call(name, args)
    .catch(() => {})
}
