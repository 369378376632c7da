/** What a tab says of its terminal and of the connection under it. Pure. */
import { dotShape, stateWord, type DotShape } from '../connections/state-words'
import type { ConnectionState, TerminalState } from '../ipc'

export interface TabState {
  shape: DotShape
  /** Said with the tab's name where all is not well; empty otherwise. */
  said: string
}

/** `connection` is nothing for a terminal that is on no host. */
export function tabState(terminal: TerminalState, connection: ConnectionState | undefined): TabState {
  if (terminal.state === 'ended') return { shape: terminal.end.how === 'failed' ? 'down' : 'idle', said: '' }
  if (!connection) return { shape: terminal.state === 'running' ? 'up' : 'retry', said: '' }
  if (terminal.state === 'opening' && connection.state === 'idle') return { shape: 'retry', said: '' }
  const shape = dotShape(connection)
  return { shape, said: shape === 'up' || shape === 'idle' ? '' : stateWord(connection) }
}
