/** Which session shows which of the engine's terminals. News can come before the window knows the id it is about. */
import type { TerminalId, TerminalState } from '../ipc'

export interface Follower {
  show(state: TerminalState): void
}

/** Kept for so many unknown terminals; the oldest is forgotten first (terminals that this window did not open). */
const EARLY_TERMINALS = 32

export class TerminalDirectory {
  readonly #followers = new Map<TerminalId, Follower>()
  readonly #early = new Map<TerminalId, TerminalState>()

  add(id: TerminalId, follower: Follower): void {
    this.#followers.set(id, follower)
    const state = this.#early.get(id)
    this.#early.delete(id)
    if (state) follower.show(state)
  }

  remove(id: TerminalId): void {
    this.#followers.delete(id)
  }

  show(id: TerminalId, state: TerminalState): void {
    const follower = this.#followers.get(id)
    if (follower) return follower.show(state)
    this.#early.set(id, state)
    const oldest = this.#early.keys().next().value
    if (this.#early.size > EARLY_TERMINALS && oldest !== undefined) this.#early.delete(oldest)
  }
}
