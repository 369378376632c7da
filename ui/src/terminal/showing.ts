/**
 * Which surface a terminal's output is for. Each time that somebody looks is an attachment of its own, which the engine counts; what
 * comes for an earlier one is dropped.
 */
import type { TerminalId } from '../ipc'
import { tell } from './late-calls'
import { OutputCredit } from './output'

/** The attachment that a terminal is opened with; the engine counts on from there. */
export const FIRST_ATTACHMENT = 1

/** The output that fills one surface; another one after the tab was not looked at for long. */
export interface Showing {
  credit: OutputCredit
  /** Unknown until the engine has answered. */
  attachment: number | undefined
  /** The terminal has the size of the surface; otherwise what it shows is laid out for another one. */
  sized: boolean
}

export class Showings {
  #now: Showing | undefined

  constructor(private readonly id: () => TerminalId | undefined) {}

  /** The one that counts; none while nobody looks. */
  get now(): Showing | undefined {
    return this.#now
  }

  begin(sized = true): Showing {
    this.#now?.credit.stop()
    const credit = new OutputCredit((bytes) => {
      const id = this.id()
      if (id !== undefined) tell('terminal_ack', { id, bytes })
    })
    return (this.#now = { credit, attachment: undefined, sized })
  }

  /** The engine has answered. Says whether somebody still looks; otherwise the engine is told. */
  attached(showing: Showing, id: TerminalId, attachment: number): boolean {
    showing.attachment = attachment
    if (showing === this.#now) return true
    tell('terminal_detach', { id, attachment })
    return false
  }

  /** It came to nothing. */
  failed(showing: Showing): void {
    if (this.#now === showing) this.#now = undefined
  }

  /** Nobody looks any more, and the terminal goes on. */
  end(): void {
    const id = this.id()
    const showing = this.#now
    this.stop()
    if (id !== undefined && showing?.attachment !== undefined) tell('terminal_detach', { id, attachment: showing.attachment })
  }

  /** The terminal is gone. */
  stop(): void {
    this.#now?.credit.stop()
    this.#now = undefined
  }
}
