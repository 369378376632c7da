/**
 * What is kept of the tabs of commands on hosts and of pipes: plain data that comes back when the page is loaded anew, if the
 * engine still has what it is about. Pure.
 */
import type { PipeId, RunId } from '../ipc'

export interface KeptPipe {
  id: string
  run: PipeId
  savedAs: string
}

export interface KeptWork {
  /** The run that the tab of commands shows; null if there is no such tab, or it shows none. */
  run: RunId | null
  pipes: KeptPipe[]
}

/** Far more than a person opens. */
const TABS_MAX = 32

function recordOf(kept: unknown): Record<string, unknown> {
  return typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {}
}

/** Out of whatever was kept: what makes no sense is left out. */
export function readKeptWork(kept: unknown): KeptWork {
  const { run, pipes } = recordOf(kept)
  const read = (Array.isArray(pipes) ? pipes : []).flatMap((one: unknown): KeptPipe[] => {
    const { id, run, savedAs } = recordOf(one)
    if (typeof id !== 'string' || id === '' || typeof run !== 'number') return []
    return [{ id, run, savedAs: typeof savedAs === 'string' ? savedAs : '' }]
  })
  const first = read.filter(({ id }, index) => read.findIndex((other) => other.id === id) === index)
  return { run: typeof run === 'string' ? run : null, pipes: first.slice(0, TABS_MAX) }
}
