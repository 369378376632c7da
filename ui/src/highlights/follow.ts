/**
 * Marks in one terminal what the rules find. Bounded in every way: lines that can be seen, patterns that take no more than a
 * line's length, and nothing at all while output floods. What calls a person is the engine's (`triggers.ts`).
 */
import type { IDecoration, Terminal } from '@xterm/xterm'
import { Matcher } from '../regex/matcher'
import { lineAt, placeOf, type Line } from '../terminal/search/lines'
import type { HighlightRule } from './rules'

/** What changes within a tenth of a second is looked at together. */
const EVERY_MS = 100
/** More new lines than that are a flood, in which nobody reads: it is looked at when it is over. */
const LINES_MAX = 200
/** Of a line, for rules: the rest is not looked at. */
const CHARACTERS_MAX = 2000
const MATCHES_MAX = 50

interface Active {
  matcher: Matcher
  colour: string
}

export class Highlights {
  readonly #active: Active[]
  readonly #marks = new Map<number, { text: string; marks: IDecoration[] }>()
  readonly #listening: { dispose: () => void }[]
  #timer: ReturnType<typeof setTimeout> | undefined
  #lines = 0
  #top = -1

  constructor(
    private readonly terminal: Terminal,
    rules: readonly HighlightRule[],
    colour: (rule: HighlightRule) => string,
  ) {
    // One that is refused (a file edited by hand) is told in the dialog; here it is as if it were off.
    this.#active = rules.flatMap((rule) => {
      try {
        return [{ matcher: new Matcher(rule.pattern, rule.caseSensitive), colour: colour(rule) }]
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
    ]
    this.#soon()
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#listening.forEach((one) => one.dispose())
    this.#clear()
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const lines = this.#lines
      this.#lines = 0
      if (lines > LINES_MAX) this.#soon()
      else this.#paint()
    }, EVERY_MS)
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
    for (const { matcher, colour } of this.#active) {
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
    this.#clear()
    this.#soon()
  }

  #clear(): void {
    for (const { marks } of this.#marks.values()) marks.forEach((mark) => mark.dispose())
    this.#marks.clear()
    this.#top = -1
  }
}
