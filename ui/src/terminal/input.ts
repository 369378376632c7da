/**
 * The input pump: what is typed and pasted, in order, with one call to the engine in flight. What comes meanwhile is joined
 * into the next call, so that a slow link costs round trips and never order.
 */

/** Largest call. The engine splits writes into 32 KiB anyway (design.md, fact 4). */
export const CALL_BYTES = 64 * 1024

/**
 * Room for keys and for the part of a paste that is next. A full queue means that the server has taken nothing for a long time:
 * keys are refused then (the caller rings), pastes wait outside.
 */
export const QUEUE_BYTES = 1024 * 1024

interface Waiting {
  bytes: Uint8Array
  offset: number
  taken: () => void
}

export class InputPump {
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  /** Pastes that did not fit, and the keys typed after them. */
  #waiting: Waiting[] = []
  #keysBehind = 0
  #sending = false
  #open = false
  #stopped = false

  constructor(private readonly write: (bytes: Uint8Array) => Promise<void>) {}

  /** Nothing is sent before this: what is typed while a terminal opens waits for its shell. */
  start(): void {
    this.#open = true
    void this.#pump()
  }

  /** Drops everything: the terminal has ended. */
  stop(): void {
    this.#stopped = true
    this.#queue = []
    this.#queuedBytes = 0
    this.#waiting.splice(0).forEach((paste) => paste.taken())
  }

  /** Keys. False when there is no room: nothing of them was taken. */
  type(bytes: Uint8Array): boolean {
    if (this.#stopped) return false
    if (this.#waiting.length > 0) return this.#typeBehind(bytes)
    if (this.#queuedBytes + bytes.length > QUEUE_BYTES) return false
    this.#push(bytes)
    void this.#pump()
    return true
  }

  /** A paste of any length. Resolves when its last byte is in the queue, or when the pump stops. */
  paste(bytes: Uint8Array): Promise<void> {
    if (this.#stopped || bytes.length === 0) return Promise.resolve()
    return new Promise((taken) => {
      this.#waiting.push({ bytes, offset: 0, taken })
      this.#refill()
      void this.#pump()
    })
  }

  #typeBehind(bytes: Uint8Array): boolean {
    if (this.#keysBehind + bytes.length > CALL_BYTES) return false
    this.#keysBehind += bytes.length
    this.#waiting.push({ bytes, offset: 0, taken: () => (this.#keysBehind -= bytes.length) })
    return true
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
  }

  #refill(): void {
    for (let next = this.#waiting[0]; next && this.#queuedBytes < QUEUE_BYTES; next = this.#waiting[0]) {
      const end = Math.min(next.bytes.length, next.offset + QUEUE_BYTES - this.#queuedBytes)
      this.#push(next.bytes.subarray(next.offset, end))
      next.offset = end
      if (end < next.bytes.length) return
      this.#waiting.shift()
      next.taken()
    }
  }

  /** The front of the queue as one array. */
  #take(): Uint8Array {
    const call = new Uint8Array(Math.min(CALL_BYTES, this.#queuedBytes))
    let filled = 0
    while (filled < call.length) {
      const first = this.#queue[0]
      if (!first) break
      const part = first.subarray(0, call.length - filled)
      call.set(part, filled)
      filled += part.length
      if (part.length === first.length) this.#queue.shift()
      else this.#queue[0] = first.subarray(part.length)
    }
    this.#queuedBytes -= filled
    return call
  }

  async #pump(): Promise<void> {
    if (this.#sending || !this.#open) return
    this.#sending = true
    try {
      while (this.#queuedBytes > 0 && !this.#stopped) {
        const call = this.#take()
        this.#refill()
        await this.write(call)
      }
    } catch {
      // The engine refused because the terminal is gone; its state says why, in the bar below it.
      this.stop()
    } finally {
      this.#sending = false
    }
  }
}

const encoder = new TextEncoder()

/** What xterm.js hands to `onData`: text. */
export function textBytes(text: string): Uint8Array {
  return encoder.encode(text)
}

/** What xterm.js hands to `onBinary` (mouse reports of old encodings): one byte in each character. */
export function binaryBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)
}
