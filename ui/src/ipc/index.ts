/** The window's way to the engine: `useBackend()`. Types of both sides are re-exported, so that nobody imports deeper. */
import type { Backend } from './backend'

export type { Backend, FileDrag, IconProgress, Stop } from './backend'
export type * from './generated'
export { MAIN_WINDOW } from './backend'
export { toProblem } from './problem'

let backend: Backend | undefined

/** Says which engine the window talks to. Called once at the start, or by a test. */
export function provideBackend(chosen: Backend): void {
  backend = chosen
}

export function useBackend(): Backend {
  if (!backend) throw new Error('provideBackend was not called')
  return backend
}
