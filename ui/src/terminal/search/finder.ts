/**
 * Finds text in the whole scrollback, in slices that leave the window free, with patterns that cannot hang it (`regex/`). What is
 * found is marked where it can be seen. News of the output make it look again.
 */
import type { IDecoration, IDisposable, Terminal } from '@xterm/xterm'
import { readMatchColours } from '../colours'
import { lineFrom, placeOf, rowsUsed, type Line, type Place } from './lines'
import { makeSeeker, type SearchQuery, type Seeker } from './seeker'

/** Half of a frame. */
const SLICE_MS = 8

/** Matches that are remembered; more are counted as so many and more. */
export const MATCHES_MAX = 50_000

/** Output that keeps coming is looked through when it rests, and now and then. */
const QUIET_MS = 250
const STALE_MS = 2000

interface Match {
  start: Place
  /** In cells, over the ends of rows. */
  cells: number
}

export class Finder {
  #seek: Seeker | undefined
  #matches: Match[] = []
  #complete = true
  /** Of `#matches`; -1 while nothing is chosen. */
  #active = -1
  #marks: IDecoration[] = []
  #marked = ''
  #run = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #lookedAt = 0
  readonly #listeners = new Set<(index: number, count: number, complete: boolean) => void>()
  readonly #listening: IDisposable[]

  constructor(private readonly terminal: Terminal) {
    this.#listening = [
      terminal.onWriteParsed(() => this.#lookSoon()),
      terminal.onResize(() => this.#lookSoon()),
      terminal.onRender(() => this.#mark()),
    ]
  }

  /** `complete` is false while there may be more than were counted. */
  onMatches(listener: (index: number, count: number, complete: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Looks for something new from the end of the scrollback up, or from what is selected.
   *
   * @throws PatternError
   */
  begin(query: SearchQuery): void {
    const selected = this.terminal.getSelectionPosition()?.start
    const before = this.#matches[this.#active]?.start ?? (selected ? { row: selected.y, col: selected.x } : undefined)
    this.#seek = makeSeeker(query)
    void this.#look(before, true)
  }

  /** To the next match, or to the one before it, around the ends. */
  step(by: 1 | -1): void {
    const count = this.#matches.length
    if (count === 0) return
    this.#choose(this.#active < 0 ? (by === 1 ? 0 : count - 1) : (this.#active + by + count) % count)
  }

  end(): void {
    this.#run++
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#seek = undefined
    this.#matches = []
    this.#active = -1
    this.#unmark()
  }

  dispose(): void {
    this.end()
    this.#listeners.clear()
    this.#listening.forEach((one) => one.dispose())
  }

  #lookSoon(): void {
    if (!this.#seek) return
    const now = performance.now()
    // What flows for long is looked through although it does not rest.
    if (this.#timer !== undefined && now - this.#lookedAt > STALE_MS) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#look(this.#matches[this.#active]?.start, false)
    }, QUIET_MS)
  }

  /** Goes through every line. `jump`: the person asked, and wants to see the match at or before a place. */
  async #look(near: Place | undefined, jump: boolean): Promise<void> {
    const seek = this.#seek
    if (!seek) return
    const run = ++this.#run
    this.#lookedAt = performance.now()
    const found: Match[] = []
    let complete = true
    let until = performance.now() + SLICE_MS
    for (let row = 0; row < rowsUsed(this.terminal) && found.length < MATCHES_MAX;) {
      const line = lineFrom(this.terminal.buffer.active, row)
      const { matches, cut } = seek(line.text, MATCHES_MAX - found.length)
      if (cut) complete = false
      for (const { start, end } of matches) found.push(this.#matchIn(line, start, end))
      row = line.end
      if (performance.now() < until) continue
      await new Promise((resolve) => setTimeout(resolve))
      if (run !== this.#run) return
      until = performance.now() + SLICE_MS
    }
    this.#matches = found
    this.#complete = complete
    this.#active = near ? nearest(found, near) : -1
    if (jump) this.#choose(this.#active < 0 ? found.length - 1 : this.#active)
    else this.#show()
  }

  #matchIn(line: Line, start: number, end: number): Match {
    const { active } = this.terminal.buffer
    const first = placeOf(active, line, start)
    const last = placeOf(active, line, end)
    return { start: first, cells: (last.row - first.row) * this.terminal.cols + last.col - first.col }
  }

  #choose(index: number): void {
    this.#active = index
    const match = this.#matches[index]
    if (match) {
      this.terminal.select(match.start.col, match.start.row, match.cells)
      const { viewportY } = this.terminal.buffer.active
      const { rows } = this.terminal
      if (match.start.row < viewportY || match.start.row >= viewportY + rows)
        this.terminal.scrollToLine(Math.max(0, match.start.row - Math.floor(rows / 2)))
    } else this.terminal.clearSelection()
    this.#show()
  }

  #show(): void {
    this.#marked = ''
    this.#mark()
    this.#listeners.forEach((listener) => listener(this.#active, this.#matches.length, this.#complete))
  }

  /** Marks what can be seen, once for each place of the view. */
  #mark(): void {
    if (!this.#seek) return
    const { active } = this.terminal.buffer
    const [top, bottom] = [active.viewportY, active.viewportY + this.terminal.rows]
    const now = `${active.type} ${top} ${this.terminal.rows} ${this.#active} ${this.#run}`
    if (now === this.#marked) return
    this.#unmark()
    this.#marked = now
    const colours = readMatchColours(this.terminal.element)
    const from = firstFrom(this.#matches, top - Math.ceil(this.terminal.rows))
    for (let index = from; index < this.#matches.length; index++) {
      const match = this.#matches[index]
      if (!match || match.start.row >= bottom) break
      this.#decorate(match, index === this.#active, colours)
    }
  }

  #decorate({ start, cells }: Match, chosen: boolean, colours: ReturnType<typeof readMatchColours>): void {
    const { active } = this.terminal.buffer
    let [left, col, row] = [cells, start.col, start.row]
    while (left > 0) {
      const width = Math.min(this.terminal.cols - col, left)
      const marker = this.terminal.registerMarker(row - active.baseY - active.cursorY)
      const backgroundColor = chosen ? colours.activeMatchBackground : colours.matchBackground
      const mark = this.terminal.registerDecoration({ marker, x: col, width, ...(backgroundColor ? { backgroundColor } : {}) })
      mark?.onDispose(() => marker.dispose())
      mark?.onRender((element) => {
        element.classList.add('match')
        if (chosen) element.style.outline = `1px solid ${colours.activeMatchBorder ?? ''}`
      })
      if (mark) this.#marks.push(mark)
      else marker.dispose()
      left -= width
      col = 0
      row++
    }
  }

  #unmark(): void {
    this.#marked = ''
    this.#marks.splice(0).forEach((mark) => mark.dispose())
  }
}

/** The first match in a row or below it. */
function firstFrom(matches: readonly Match[], row: number): number {
  let [low, high] = [0, matches.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((matches[middle]?.start.row ?? 0) < row) low = middle + 1
    else high = middle
  }
  return low
}

/** The match at a place, else the last one before it, around the top. */
function nearest(matches: readonly Match[], { row, col }: Place): number {
  if (matches.length === 0) return -1
  let index = firstFrom(matches, row + 1) - 1
  while (index >= 0 && (matches[index]?.start.row ?? 0) === row && (matches[index]?.start.col ?? 0) > col) index--
  return index < 0 ? matches.length - 1 : index
}
