/** Draws a sixel picture (VT330/VT340 Programmer Reference, volume 2, chapter 14) of a size that is known. */
import type { Pixels } from './size'

/** Registers for colours. */
const COLOURS = 1024

/** Pixels drawn, also over each other, in all: a few characters ask for thousands each. A picture beyond stays as it is then. */
const DRAWN_MAX = 128 * 1024 * 1024

/** What the VT340 begins with: red, green and blue in percent. */
const VT340 = [
  [0, 0, 0],
  [20, 20, 80],
  [80, 13, 13],
  [20, 80, 20],
  [80, 20, 80],
  [20, 80, 80],
  [80, 80, 20],
  [53, 53, 53],
  [26, 26, 26],
  [33, 33, 60],
  [60, 26, 26],
  [33, 60, 33],
  [60, 33, 60],
  [33, 60, 60],
  [60, 60, 33],
  [80, 80, 80],
] as const

const byte = (percent: number) => Math.round((Math.min(100, percent) * 255) / 100)

/** As canvases have it in memory: red first. */
const colour = (red: number, green: number, blue: number) =>
  (0xff000000 | (byte(blue) << 16) | (byte(green) << 8) | byte(red)) >>> 0

/** Hue in degrees, which begin at blue; lightness and saturation in percent. */
function hls(hue: number, lightness: number, saturation: number): number {
  const [l, s] = [Math.min(100, lightness) / 100, Math.min(100, saturation) / 100]
  const part = (shift: number) => {
    const k = (shift + ((hue + 240) % 360) / 30) % 12
    return (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1))) * 100
  }
  return colour(part(0), part(8), part(4))
}

class Drawing {
  readonly pixels: Uint32Array<ArrayBuffer>
  readonly #palette = new Uint32Array(COLOURS).fill(colour(0, 0, 0))
  #colour: number
  #x = 0
  #top = 0
  #left = DRAWN_MAX

  constructor(private readonly size: Pixels) {
    this.pixels = new Uint32Array(size.width * size.height)
    VT340.forEach(([red, green, blue], index) => (this.#palette[index] = colour(red, green, blue)))
    this.#colour = this.#palette[0] ?? 0
  }

  /** Whether there is anything left to be drawn. */
  get goesOn(): boolean {
    return this.#left > 0 && this.#top < this.size.height
  }

  choose([index = 0, system = 0, ...[x = 0, y = 0, z = 0]]: number[]): void {
    const register = index % COLOURS
    if (system === 1) this.#palette[register] = hls(x, y, z)
    if (system === 2) this.#palette[register] = colour(x, y, z)
    this.#colour = this.#palette[register] ?? 0
  }

  toStart(): void {
    this.#x = 0
  }

  nextBand(): void {
    this.#x = 0
    this.#top += 6
  }

  draw(bits: number, times: number): void {
    const { width, height } = this.size
    const until = Math.min(this.#x + times, width)
    for (let row = 0; row < 6; row++) {
      const y = this.#top + row
      if ((bits & (1 << row)) === 0 || y >= height || until <= this.#x) continue
      this.pixels.fill(this.#colour, y * width + this.#x, y * width + until)
      this.#left -= until - this.#x
    }
    this.#x = Math.min(this.#x + times, width)
  }
}

/** `data` is what stands between the beginning and the end of the sequence. */
export function decodeSixel(data: Uint8Array, size: Pixels): HTMLCanvasElement {
  const drawing = new Drawing(size)
  let at = 0
  const numbers = () => {
    const read = [0]
    for (; at < data.length; at++) {
      const code = data[at] ?? 0
      if (code === 0x3b) {
        if (read.length < 5) read.push(0)
      } else if (code >= 0x30 && code <= 0x39) {
        const last = read.length - 1
        read[last] = Math.min((read[last] ?? 0) * 10 + code - 0x30, 0xffff)
      } else if (code >= 0x21) break
    }
    return read
  }
  let times = 1
  while (at < data.length && drawing.goesOn) {
    const code = data[at++] ?? 0
    if (code === 0x21) times = Math.max(1, numbers()[0] ?? 1)
    else if (code === 0x22) numbers()
    else if (code === 0x23) drawing.choose(numbers())
    else if (code === 0x24) drawing.toStart()
    else if (code === 0x2d) drawing.nextBand()
    else if (code >= 0x3f && code <= 0x7e) {
      drawing.draw(code - 0x3f, times)
      times = 1
    }
  }
  const canvas = document.createElement('canvas')
  canvas.width = size.width
  canvas.height = size.height
  const pixels = new ImageData(new Uint8ClampedArray(drawing.pixels.buffer), size.width, size.height)
  canvas.getContext('2d')?.putImageData(pixels, 0, 0)
  return canvas
}
