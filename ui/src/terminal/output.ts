/**
 * Output credit. The engine has at most 512 KiB of a terminal's output under way; what xterm.js has parsed is given back, so
 * that a flood is read at the speed of the screen and nothing piles up in the window.
 */

/** A sixteenth of the credit: one call for each half chunk keeps the engine sending without a call for every line. */
export const ACK_BATCH_BYTES = 32 * 1024

/** What is left over is given back once nothing more was parsed for so long. */
export const ACK_IDLE_MS = 250

export class OutputCredit {
  #parsed = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `giveBack` is told how many bytes were parsed since it was called last. */
  constructor(private readonly giveBack: (bytes: number) => void) {}

  /** Bytes that xterm.js has parsed: to be called from its write callback. */
  parsed(bytes: number): void {
    this.#parsed += bytes
    if (this.#parsed >= ACK_BATCH_BYTES) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), ACK_IDLE_MS)
  }

  /** Forgets what was not given back: the terminal is gone. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#parsed = 0
  }

  #flush(): void {
    const bytes = this.#parsed
    this.stop()
    if (bytes > 0) this.giveBack(bytes)
  }
}
