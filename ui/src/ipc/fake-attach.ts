/** What the engine's own screen is to a page, as far as a test needs it: all that was said, told again to whoever attaches. */

import type { TerminalSize } from './generated'

/** Enough for any test; the engine keeps lines instead. */
const KEPT_CHUNKS = 2000

const RIS = new TextEncoder().encode('\x18\x1bc')

export class FakeAttachment {
  /** The sizes that pages came with. */
  readonly sizes: (TerminalSize | null)[] = []
  #said: Uint8Array[] = []
  #output: ((bytes: Uint8Array) => void) | null
  #attachment = 1

  constructor(output: ((bytes: Uint8Array) => void) | null) {
    this.#output = output
  }

  get attached(): boolean {
    return this.#output !== null
  }

  say(bytes: Uint8Array): void {
    this.#said = [...this.#said, bytes].slice(-KEPT_CHUNKS)
    this.#output?.(bytes)
  }

  attach(output: (bytes: Uint8Array) => void, size: TerminalSize | null): number {
    this.sizes.push(size)
    this.#output = output
    output(RIS)
    this.#said.forEach(output)
    return ++this.#attachment
  }

  detach(attachment: number): void {
    if (attachment === this.#attachment) this.#output = null
  }
}
