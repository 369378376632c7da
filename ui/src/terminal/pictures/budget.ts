/** How much a terminal may draw. Twenty bytes ask for eight million pixels: without a bound a screenful of them stops the window. */

/** Pixels each second, and at once after a pause: two pictures of the largest size, which take a tenth of a second. */
const PIXELS_A_SECOND = 16 * 1024 * 1024

/** What the smallest picture counts as, for its canvases take time whatever they hold: a thousand a second are left. */
const PICTURE_MIN = 16 * 1024

export class Budget {
  #left = PIXELS_A_SECOND
  #at = -Infinity

  /** Whether a picture of so many pixels may be drawn now, at this time in milliseconds. */
  allows(pixels: number, now: number): boolean {
    const earned = (Math.max(0, now - this.#at) / 1000) * PIXELS_A_SECOND
    this.#left = Math.min(PIXELS_A_SECOND, this.#left + earned)
    this.#at = now
    const cost = Math.max(pixels, PICTURE_MIN)
    if (cost > this.#left) return false
    this.#left -= cost
    return true
  }
}
