/** The size of a sixel picture: `sixel.rs` of the engine, step by step. */
import type { Pixels } from './size'

/** Lines of pixels in one sixel. */
const BAND = 6
/** Counted no further: a size beyond is too large anyway. */
const COUNT_MAX = 2 * 8192

/** What the numbers that follow belong to: how often the next sixel comes, the raster attributes, or a colour. */
type State =
  { of: 'sixels' } | { of: 'repeat'; times: number } | { of: 'raster'; numbers: number[]; at: number } | { of: 'colour' }

const SIXELS: State = { of: 'sixels' }

export class SixelSize {
  #state: State = SIXELS
  #declared: Pixels | null = null
  /** Something was drawn, or the place to draw at moved. */
  #begun = false
  #x = 0
  #width = 0
  /** Whole bands above the one under way. */
  #bands = 0
  /** Lines of pixels that the one under way has. */
  #bandHeight = 0

  take(code: number): void {
    if (code >= 0x30 && code <= 0x39) return this.#digit(code - 0x30)
    if (code === 0x3b) {
      if (this.#state.of === 'raster') this.#state.at++
      return
    }
    const before = this.#state
    this.#state = SIXELS
    if (before.of === 'raster') this.#declared = declared(before.numbers) ?? this.#declared
    if (code === 0x21) this.#state = { of: 'repeat', times: 0 }
    else if (code === 0x22 && !this.#begun && !this.#declared) this.#state = { of: 'raster', numbers: [0, 0, 0, 0], at: 0 }
    else if (code === 0x22 || code === 0x23) this.#state = { of: 'colour' }
    else if (code === 0x24) {
      this.#x = 0
      this.#begun = true
    } else if (code === 0x2d) {
      this.#x = this.#bandHeight = 0
      this.#bands = Math.min(this.#bands + 1, COUNT_MAX)
      this.#begun = true
    } else if (code >= 0x3f && code <= 0x7e) this.#draw(code - 0x3f, before.of === 'repeat' ? Math.max(1, before.times) : 1)
    // Anything else says nothing, not even that the number before it has ended.
    else this.#state = before
  }

  #draw(bits: number, times: number): void {
    this.#x = Math.min(this.#x + times, COUNT_MAX)
    this.#width = Math.max(this.#width, this.#x)
    this.#bandHeight = Math.max(this.#bandHeight, 32 - Math.clz32(bits))
    this.#begun = true
  }

  #digit(digit: number): void {
    const state = this.#state
    const next = (number: number) => Math.min(number * 10 + digit, COUNT_MAX * 10)
    if (state.of === 'repeat') state.times = next(state.times)
    if (state.of === 'raster' && state.at < state.numbers.length) state.numbers[state.at] = next(state.numbers[state.at] ?? 0)
  }

  /** In pixels; 0 if nothing is to be seen. */
  get size(): Pixels {
    const last = this.#state.of === 'raster' ? declared(this.#state.numbers) : null
    return last ?? this.#declared ?? { width: this.#width, height: this.#bands * BAND + this.#bandHeight }
  }
}

function declared([, , width = 0, height = 0]: number[]): Pixels | null {
  return width > 0 && height > 0 ? { width, height } : null
}
