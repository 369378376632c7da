/**
 * Pictures in one terminal. What they take is measured and cleared whether they are drawn or not, as the engine does it; where one
 * is not drawn, a line of text says so. What draws is loaded when it is wanted: nobody else pays for it.
 */
import type { Terminal } from '@xterm/xterm'
import { answerForPictures } from './answers'
import { Budget } from './budget'
import { GrowingBytes } from './growing-bytes'
import { measureFile, measureSixel, type Area, type Measure } from './size'
import { placeText, type PrivateTerminal } from './placing'

/** Of one picture, in characters. Of a longer one only the size is taken. */
const DATA_MAX = 8 * 1024 * 1024

/** More than any header that is read has. */
const HEADER_MAX = 2048

const COLON = 0x3a

export type PictureKind = 'sixel' | 'file'

export interface Painter {
  /** Draws at the cursor, and moves it to the last line of the area; or says that it did nothing. */
  paint: (kind: PictureKind, data: Uint8Array, area: Area) => Promise<boolean> | boolean
  dispose: () => void
}

/** The picture that is being read. */
interface Reading {
  kind: PictureKind
  measure: Measure
  /** Nothing is kept where nothing is drawn. */
  data: GrowingBytes | null
}

export class Pictures {
  #painter: Painter | null = null
  #reading: Reading | null = null
  /** Before the colon. Null for a string that is no file. */
  #header: string | null = null
  #wanted = false
  #loading: Promise<void> | undefined
  #stopAnswers: (() => void) | undefined
  readonly #budget = new Budget()

  constructor(private readonly terminal: Terminal) {
    const { _parser: parser } = (terminal as unknown as PrivateTerminal)._core._inputHandler
    parser.registerDcsHandler(
      { final: 'q' },
      {
        hook: () => this.#begin('sixel', measureSixel()),
        put: (codes, start, end) => this.#take(codes, start, end),
        unhook: (whole) => this.#end(whole),
      },
    )
    parser.registerOscHandler(1337, {
      start: () => {
        this.#reading = null
        this.#header = ''
      },
      put: (codes, start, end) => {
        const from = this.#reading ? start : this.#readHeader(codes, start, end)
        this.#take(codes, from, end)
      },
      end: (whole) => (this.#reading ? this.#end(whole) : false),
    })
  }

  /** Until it is there, nothing should be written: it would miss its pictures. */
  get loading(): Promise<void> | undefined {
    return this.#loading
  }

  show(wanted: boolean): void {
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    if (!wanted) return this.dispose()
    this.#loading = import('./painter')
      .then(({ startPainting }) => {
        if (!this.#wanted || this.#painter) return
        this.#painter = startPainting(this.terminal)
        this.#stopAnswers = answerForPictures(this.terminal)
      })
      // Then it stays with the text.
      .catch(() => undefined)
      .finally(() => (this.#loading = undefined))
  }

  dispose(): void {
    this.#wanted = false
    this.#stopAnswers?.()
    this.#painter?.dispose()
    this.#painter = null
  }

  #begin(kind: PictureKind, measure: Measure): void {
    this.#reading = { kind, measure, data: this.#painter && new GrowingBytes(DATA_MAX) }
  }

  /** Says where the data begins. */
  #readHeader(codes: Uint32Array, start: number, end: number): number {
    if (this.#header === null) return end
    const colon = codes.subarray(start, end).indexOf(COLON)
    const until = colon < 0 ? end : start + colon
    if (this.#header.length + until - start > HEADER_MAX) this.#header = null
    else this.#header += String.fromCodePoint(...codes.subarray(start, until))
    if (colon < 0 || this.#header === null) return end
    const measure = measureFile(this.#header)
    this.#header = null
    if (!measure) return end
    this.#begin('file', measure)
    return until + 1
  }

  #take(codes: Uint32Array, start: number, end: number): void {
    const reading = this.#reading
    if (!reading || start >= end) return
    reading.measure.take(codes, start, end)
    // Both kinds are ASCII: anything else becomes what means nothing in them.
    if (reading.data?.append(codes, start, end) === false) reading.data = null
  }

  #end(whole: boolean): Promise<boolean> | boolean {
    const reading = this.#reading
    this.#reading = null
    if (!whole || !reading) return true
    const area = reading.measure.area(this.terminal)
    return area ? this.#place(reading, area) : true
  }

  /** Behind a promise xterm.js looks whether it is time for the window: a few bytes may take long, as a picture and as lines. */
  async #place({ kind, data }: Reading, area: Area): Promise<boolean> {
    if (!this.#painter || !data || !area.shown || !this.#budget.allows(area.pixels, performance.now()))
      return placeText(this.terminal, area)
    return (await paintSafely(this.#painter, kind, data.all, area)) || placeText(this.terminal, area)
  }
}

/** A picture that cannot be drawn stops nothing. */
function paintSafely(painter: Painter, ...[kind, data, area]: Parameters<Painter['paint']>): Promise<boolean> | boolean {
  try {
    const painted = painter.paint(kind, data, area)
    return typeof painted === 'boolean' ? painted : painted.catch(() => false)
  } catch {
    return false
  }
}
