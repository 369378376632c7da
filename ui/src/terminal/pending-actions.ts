/** What a person can do with keys that were typed while the connection was away. */
import { registerAction } from '../workspace/actions'
import type { TerminalSession } from './session'

export const SEND_ACTION = 'pending.send'
export const DISCARD_ACTION = 'pending.discard'
const COPY_ACTION = 'pending.copy'

/** Call within a scope: the actions end with it. `session` is the terminal that they are about. */
export function registerPendingActions(session: () => TerminalSession | undefined): void {
  registerAction({
    id: SEND_ACTION,
    keys: { mac: 'Cmd+Alt+Enter', other: 'Ctrl+Shift+Alt+Enter' },
    enabled: () => session()?.asksAboutPending ?? false,
    run: () => session()?.sendPending(),
  })
  registerAction({
    id: DISCARD_ACTION,
    keys: { mac: 'Cmd+Alt+Backspace', other: 'Ctrl+Shift+Backspace' },
    enabled: () => (session()?.pending.shown.value ?? '') !== '',
    run: () => session()?.discardPending(),
  })
  registerAction({
    id: COPY_ACTION,
    enabled: () => (session()?.pending.shown.value ?? '') !== '' && session()?.pending.copyable !== '',
    run: () => session()?.copyPending(),
  })
}
