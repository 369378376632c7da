/** Runs a pattern over lines of text: see `pattern.ts` for why it is ours. */
import { compilePattern, type Assertion, type Step } from './pattern'

export interface Match {
  /** In UTF-16 units of the line. */
  start: number
  end: number
}

export interface Found {
  matches: Match[]
  /** The line took more work than it may, or has more matches than asked for: there may be more. */
  cut: boolean
}

/** Steps for one line. A usual pattern needs a few for each letter; a bad one that starts again at each letter needs their square. */
const WORK_MAX = 4_000_000

const isWord = (unit: number): boolean =>
  (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || unit === 95 || (unit >= 97 && unit <= 122)

/** Threads of the machine at one place of the line, in the order in which they count, each with the place where it began. */
class Threads {
  readonly at: Int32Array
  readonly began: Int32Array
  readonly #seen: Int32Array
  #mark = 0
  size = 0

  constructor(steps: number) {
    this.at = new Int32Array(steps)
    this.began = new Int32Array(steps)
    this.#seen = new Int32Array(steps)
  }

  clear(): void {
    this.size = 0
    this.#mark++
  }

  /** False if the step is among them already: the earlier one counts. */
  visit(step: number): boolean {
    if (this.#seen[step] === this.#mark) return false
    this.#seen[step] = this.#mark
    return true
  }

  add(step: number, began: number): void {
    this.at[this.size] = step
    this.began[this.size] = began
    this.size++
  }
}

export class Matcher {
  readonly #steps: Step[]
  #now: Threads
  #next: Threads
  readonly #stack: number[] = []
  #work = 0

  /** @throws PatternError for a pattern that is not valid, cannot be followed without going back, or is too large. */
  constructor(source: string, caseSensitive: boolean) {
    this.#steps = compilePattern(source, caseSensitive)
    this.#now = new Threads(this.#steps.length)
    this.#next = new Threads(this.#steps.length)
    this.#now.clear()
    this.#next.clear()
  }

  /** Matches from the left that do not overlap and are not empty. */
  findAll(line: string, limit: number): Found {
    const matches: Match[] = []
    this.#work = 0
    for (let from = 0; from <= line.length;) {
      const match = this.#first(line, from)
      if (this.#work > WORK_MAX) return { matches, cut: true }
      if (!match) break
      if (match.end > match.start) {
        if (matches.length === limit) return { matches, cut: true }
        matches.push(match)
      }
      from = Math.max(match.end, match.start + 1)
    }
    return { matches, cut: false }
  }

  /** The leftmost match, and of those that begin there the one that JavaScript's own engine would find. */
  #first(line: string, from: number): Match | undefined {
    let best: Match | undefined
    this.#now.clear()
    for (let at = from; at <= line.length; at++) {
      if (!best) this.#follow(this.#now, 0, at, line, at)
      if (this.#now.size === 0 && best) break
      const unit = at < line.length ? line.charCodeAt(at) : -1
      this.#next.clear()
      for (let n = 0; n < this.#now.size; n++) {
        const step = this.#steps[this.#now.at[n] ?? 0]
        const began = this.#now.began[n] ?? 0
        if (step?.op === 'match') {
          best = { start: began, end: at }
          // What comes behind it in the order counts less.
          break
        }
        if (step?.op === 'char' && unit !== -1 && step.test(unit))
          this.#follow(this.#next, (this.#now.at[n] ?? 0) + 1, began, line, at + 1)
      }
      this.#work += this.#now.size + 1
      if (this.#work > WORK_MAX) return undefined
      ;[this.#now, this.#next] = [this.#next, this.#now]
    }
    return best
  }

  /** Adds a step, or what can be reached from it without a letter. */
  #follow(threads: Threads, first: number, began: number, line: string, at: number): void {
    const stack = this.#stack
    stack.push(first)
    while (stack.length > 0) {
      const index = stack.pop() ?? 0
      if (!threads.visit(index)) continue
      this.#work++
      const step = this.#steps[index]
      if (step?.op === 'jump') stack.push(step.to)
      else if (step?.op === 'split') stack.push(step.second, step.first)
      else if (step?.op === 'assert') {
        if (holds(step.what, line, at)) stack.push(index + 1)
      } else threads.add(index, began)
    }
  }
}

function holds(what: Assertion, line: string, at: number): boolean {
  if (what === 'start') return at === 0
  if (what === 'end') return at === line.length
  const edge = (at > 0 && isWord(line.charCodeAt(at - 1))) !== (at < line.length && isWord(line.charCodeAt(at)))
  return edge === (what === 'boundary')
}
