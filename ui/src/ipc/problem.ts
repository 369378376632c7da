import type { Problem } from './generated'

/** Whether what a refused call rejected with is a `Problem` of the engine. */
function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'action' in value && 'message' in value
}

/** Anything thrown as a `Problem`, so that every failure can be shown the same way. */
export function toProblem(thrown: unknown): Problem {
  if (isProblem(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { code: 'internal', action: 'bug', message, params: {} }
}
