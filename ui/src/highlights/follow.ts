/**
 * Marks in one terminal what the rules find, and tells what they find in new lines. Bounded in every way: lines that can be seen,
 * so many new lines at a time, patterns that take no more than a line's length, and nothing at all while output floods.
 */
import type { IDecoration, IMarker, Terminal } from '@xterm/xterm'
import { Matcher } from '../regex/matcher'
import { lineAt, lineFrom, placeOf, type Line } from '../terminal/search/lines'
import type { HighlightRule } from './rules'

/** What changes within a tenth of a second is looked at together. */
const EVERY_MS = 100
/** New lines that are looked at each time. More is a flood, in which nobody reads: then only what stays is looked at. */
const LINES_MAX = 200
/** Of a line, for rules: the rest is not looked at. */
const CHARACTERS_MAX = 2000
const MATCHES_MAX = 50
/** A rule that finds something in every line calls once in so long. */
const CALL_EVERY_MS = 5000

export interface HighlightEvents {
  /** A new line has what a rule calls for. */
  found: (rule: HighlightRule, line: string) => void
  colour: (rule: HighlightRule) => string | undefined
}

interface Active {
  rule: HighlightRule
  matcher: Matcher
  calledAt: number
}

export class Highlights {
  readonly #active: Active[]
  readonly #marks = new Map<number, { text: string; marks: IDecoration[] }>()
  readonly #listening: { dispose: () => void }[]
  #timer: ReturnType<typeof setTimeout> | undefined
  #refilled = false
  #lines = 0
  /** The line below the last one that was looked at for calls. */
  #seen: IMarker | undefined
  #top = -1

  constructor(
    private readonly terminal: Terminal,
    rules: readonly HighlightRule[],
    private readonly events: HighlightEvents,
  ) {
    // One that is refused (a file edited by hand) is told in the dialog; here it is as if it were off.
    this.#active = rules.flatMap((rule) => {
      try {
        return [{ rule, matcher: new Matcher(rule.pattern, rule.caseSensitive), calledAt: -CALL_EVERY_MS }]
      } catch {
        return []
      }
    })
    this.#listening = [
      terminal.onLineFeed(() => void this.#lines++),
      terminal.onWriteParsed(() => this.#soon()),
      terminal.onRender(() => {
        if (terminal.buffer.active.viewportY !== this.#top) this.#soon()
      }),
      terminal.onResize(() => this.#forget()),
      // A snapshot, which fills the terminal anew, or a program that resets it: what comes with it was there before.
      terminal.parser.registerEscHandler({ final: 'c' }, () => {
        this.#refilled = true
        return false
      }),
    ]
    this.#seen = terminal.registerMarker(0)
    this.#soon()
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#listening.forEach((one) => one.dispose())
    this.#seen?.dispose()
    this.#forget()
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const lines = this.#lines
      this.#lines = 0
      const refilled = this.#refilled
      this.#refilled = false
      if (lines > LINES_MAX || refilled) {
        this.#seeNothing()
        this.#soon()
        return
      }
      this.#call()
      this.#paint()
    }, EVERY_MS)
  }

  /** Lines that fly by are not called for, also later. */
  #seeNothing(): void {
    this.#seen?.dispose()
    this.#seen = this.terminal.registerMarker(0)
  }

  /** Looks at the lines that were finished since the last time. */
  #call(): void {
    const { active } = this.terminal.buffer
    if (active.type !== 'normal') return
    const from = this.#seen && !this.#seen.isDisposed ? this.#seen.line : active.baseY + active.cursorY
    const until = active.baseY + active.cursorY
    for (let row = Math.max(from, until - LINES_MAX); row < until;) {
      const line = lineFrom(active, row)
      this.#callFor(line.text.slice(0, CHARACTERS_MAX))
      row = line.end
    }
    this.#seeNothing()
  }

  #callFor(text: string): void {
    const now = performance.now()
    for (const one of this.#active) {
      if (!one.rule.mark && !one.rule.notify) continue
      if (now - one.calledAt < CALL_EVERY_MS || one.matcher.findAll(text, 1).matches.length === 0) continue
      one.calledAt = now
      this.events.found(one.rule, text)
    }
  }

  /** Marks what can be seen; a line that is as it was keeps its marks. */
  #paint(): void {
    const { active } = this.terminal.buffer
    this.#top = active.viewportY
    const kept = new Set<number>()
    if (active.type === 'normal') {
      const bottom = Math.min(active.viewportY + this.terminal.rows, active.length)
      for (let row = active.viewportY; row < bottom;) {
        const line = lineAt(active, row)
        this.#paintLine(line, kept)
        row = Math.max(line.end, row + 1)
      }
    }
    for (const [row, { marks }] of this.#marks) {
      if (kept.has(row)) continue
      marks.forEach((mark) => mark.dispose())
      this.#marks.delete(row)
    }
  }

  #paintLine(line: Line, kept: Set<number>): void {
    const text = line.text.slice(0, CHARACTERS_MAX)
    const before = this.#marks.get(line.row)
    kept.add(line.row)
    if (before?.text === text && before.marks.every((mark) => !mark.isDisposed && mark.marker.line >= line.row)) return
    before?.marks.forEach((mark) => mark.dispose())
    const marks: IDecoration[] = []
    for (const { rule, matcher } of this.#active) {
      const colour = this.events.colour(rule)
      if (colour === undefined) continue
      for (const { start, end } of matcher.findAll(text, MATCHES_MAX).matches) this.#mark(line, start, end, colour, marks)
    }
    this.#marks.set(line.row, { text, marks })
  }

  #mark(line: Line, start: number, end: number, colour: string, marks: IDecoration[]): void {
    const { active } = this.terminal.buffer
    const [first, last] = [placeOf(active, line, start), placeOf(active, line, end)]
    for (let row = first.row; row <= last.row; row++) {
      const x = row === first.row ? first.col : 0
      const width = (row === last.row ? last.col : this.terminal.cols) - x
      if (width <= 0) continue
      const marker = this.terminal.registerMarker(row - active.baseY - active.cursorY)
      const mark = this.terminal.registerDecoration({ marker, x, width, foregroundColor: colour })
      if (!mark) {
        marker.dispose()
        continue
      }
      mark.onDispose(() => marker.dispose())
      mark.onRender((element) => {
        element.classList.add('highlight')
        // Not by its colour alone.
        element.style.boxShadow = `inset 0 -2px 0 ${colour}`
      })
      marks.push(mark)
    }
  }

  #forget(): void {
    for (const { marks } of this.#marks.values()) marks.forEach((mark) => mark.dispose())
    this.#marks.clear()
    this.#top = -1
    this.#soonIfListening()
  }

  #soonIfListening(): void {
    if (this.#seen && !this.#seen.isDisposed) this.#soon()
  }
}
