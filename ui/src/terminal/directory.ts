/** Which session shows which of the engine's terminals. News can come before the window knows the id it is about. */
import type { TerminalFacts, TerminalId, TerminalState } from '../ipc'

export interface Follower {
  show(state: TerminalState): void
  /** What it says of itself besides its output. */
  told(facts: TerminalFacts): void
}

/**
 * Kept for so many unknown terminals; the oldest is forgotten first (terminals that this window did not open). The engine has no more
 * (`TERMINALS_MAX`), and all of them may come back at once, before the window knows one of their numbers.
 */
const EARLY_TERMINALS = 256

export class TerminalDirectory {
  readonly #followers = new Map<TerminalId, Follower>()
  readonly #early = new Map<TerminalId, [TerminalState, TerminalFacts]>()

  add(id: TerminalId, follower: Follower): void {
    this.#followers.set(id, follower)
    const news = this.#early.get(id)
    this.#early.delete(id)
    if (news) this.show(id, ...news)
  }

  remove(id: TerminalId): void {
    this.#followers.delete(id)
  }

  show(id: TerminalId, state: TerminalState, facts: TerminalFacts): void {
    const follower = this.#followers.get(id)
    if (follower) {
      follower.told(facts)
      follower.show(state)
      return
    }
    this.#early.set(id, [state, facts])
    const oldest = this.#early.keys().next().value
    if (this.#early.size > EARLY_TERMINALS && oldest !== undefined) this.#early.delete(oldest)
  }
}
