/** Bytes that come in pieces, in one array: a program that sends a letter and a line end by turns makes no array for each. */

/** Room in the beginning; it doubles from there. */
const FIRST_BYTES = 4096

export class GrowingBytes {
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0

  /** `most` is what may be added in all; what does not fit is refused, and nothing of it is added. */
  constructor(private readonly most: number) {}

  /** The ASCII of these codes. Anything else becomes 0. */
  append(codes: Uint32Array, start: number, end: number): boolean {
    const length = this.#length + end - start
    if (length > this.most) return false
    if (length > this.#bytes.length) this.#grow(length)
    for (let at = start; at < end; at++) {
      const code = codes[at] ?? 0
      this.#bytes[this.#length++] = code < 0x80 ? code : 0
    }
    return true
  }

  get all(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Bytes that memory is taken for. */
  get room(): number {
    return this.#bytes.length
  }

  #grow(length: number): void {
    const grown = new Uint8Array(Math.min(this.most, Math.max(length, 2 * this.#bytes.length)))
    grown.set(this.all)
    this.#bytes = grown
  }
}
