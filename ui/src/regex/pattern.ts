/**
 * Regular expressions that cannot hang the window. JavaScript's own engine goes back and forth: `(a+)+$` takes centuries on a line
 * of sixty letters, and the lines come from a server. Here a pattern is a machine whose states are all followed at once (Thompson;
 * R. Cox, "Regular Expression Matching: the Virtual Machine Approach"), so that a line costs at most its length times the pattern's.
 * The price is what needs memory of the past: back references and looking around are refused. And where the inside of a repeat can
 * be empty, as in `(\b|.)?`, the empty way counts; JavaScript tries the others first.
 */

/** Follows the letters of a line. */
export type Step =
  | { op: 'char'; test: (unit: number) => boolean }
  /** Tries `first` before `second`. */
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'assert'; what: Assertion }
  | { op: 'match' }

export type Assertion = 'start' | 'end' | 'boundary' | 'no-boundary'

export type Refusal = 'invalid' | 'unsupported' | 'too-large'

export class PatternError extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal)
  }
}

/** A pattern of a person has some dozens; `(a{1000}){1000}` would have a million. */
const STEPS_MAX = 2000

/** Groups within groups, for which the parser calls itself. */
const DEPTH_MAX = 100

type Node =
  | { kind: 'empty' }
  | { kind: 'char'; test: (unit: number) => boolean }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'all'; parts: Node[] }
  | { kind: 'either'; options: Node[] }
  | { kind: 'repeat'; of: Node; min: number; max: number; greedy: boolean }

/** @throws PatternError */
export function compilePattern(source: string, caseSensitive: boolean): Step[] {
  const flags = caseSensitive ? '' : 'i'
  try {
    new RegExp(source, flags)
  } catch {
    throw new PatternError('invalid')
  }
  const steps: Step[] = []
  emit(new Parser(source, flags).parse(), steps)
  push(steps, { op: 'match' })
  return steps
}

/** Reads what is known to be a pattern of JavaScript (without the flag `u`, as the search has always taken them). */
class Parser {
  #at = 0
  #depth = 0

  constructor(
    private readonly source: string,
    private readonly flags: string,
  ) {}

  parse(): Node {
    const node = this.#either()
    if (this.#at < this.source.length) throw new PatternError('invalid')
    return node
  }

  #either(): Node {
    if (++this.#depth > DEPTH_MAX) throw new PatternError('too-large')
    const options = [this.#all()]
    while (this.#take('|')) options.push(this.#all())
    this.#depth--
    const [only] = options
    return options.length === 1 && only ? only : { kind: 'either', options }
  }

  #all(): Node {
    const parts: Node[] = []
    while (this.#at < this.source.length && !'|)'.includes(this.#peek())) parts.push(this.#repeated())
    return parts.length === 0 ? { kind: 'empty' } : { kind: 'all', parts }
  }

  #repeated(): Node {
    const of = this.#atom()
    const count = this.#count()
    if (!count) return of
    return { kind: 'repeat', of, ...count, greedy: !this.#take('?') }
  }

  #count(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const [whole, min = '', comma, max] = /^\{(\d+)(,(\d*))?\}/.exec(this.source.slice(this.#at, this.#at + 24)) ?? []
    if (whole === undefined) return undefined
    this.#at += whole.length
    return { min: Number(min), max: comma === undefined ? Number(min) : max ? Number(max) : Infinity }
  }

  #atom(): Node {
    const sign = this.#peek()
    if (sign === '(') return this.#group()
    if (sign === '[') return this.#set()
    if (sign === '\\') return this.#escape()
    this.#at++
    if (sign === '^') return { kind: 'assert', what: 'start' }
    if (sign === '$') return { kind: 'assert', what: 'end' }
    if (sign === '.') return this.#charOf('.')
    // Letters that mean something elsewhere, `{` say, are themselves here.
    return this.#charOf(`\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
  }

  #group(): Node {
    const [opening = '('] = /^\((?:\?:|\?<[^=!>]{1,60}>)?/.exec(this.source.slice(this.#at, this.#at + 64)) ?? []
    this.#at += opening.length
    // Looking ahead or behind, and flags within.
    if (this.#peek() === '?') throw new PatternError('unsupported')
    const inner = this.#either()
    if (!this.#take(')')) throw new PatternError('invalid')
    return inner
  }

  #set(): Node {
    let end = this.#at + 1
    while (end < this.source.length && this.source[end] !== ']') end += this.source[end] === '\\' ? 2 : 1
    const set = this.source.slice(this.#at, end + 1)
    this.#at = end + 1
    return this.#charOf(set)
  }

  #escape(): Node {
    const rest = this.source.slice(this.#at, this.#at + 12)
    const [whole = rest.slice(0, 2)] = /^\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|0(?!\d))/i.exec(rest) ?? []
    const sign = rest[1] ?? ''
    if (/[1-9k]/.test(sign)) throw new PatternError('unsupported')
    this.#at += whole.length
    if (sign === 'b') return { kind: 'assert', what: 'boundary' }
    if (sign === 'B') return { kind: 'assert', what: 'no-boundary' }
    return this.#charOf(whole)
  }

  /** One letter, judged by JavaScript's own engine, which cannot go astray on one; the answers are kept. */
  #charOf(source: string): Node {
    const native = new RegExp(`^${source}$`, this.flags)
    const ascii = new Int8Array(128)
    const others = new Map<number, boolean>()
    const ask = (unit: number) => native.test(String.fromCharCode(unit))
    const test = (unit: number): boolean => {
      if (unit < 128) {
        if (ascii[unit] === 0) ascii[unit] = ask(unit) ? 1 : -1
        return ascii[unit] === 1
      }
      const known = others.get(unit)
      if (known !== undefined) return known
      const answer = ask(unit)
      others.set(unit, answer)
      return answer
    }
    return { kind: 'char', test }
  }

  #peek(): string {
    return this.source[this.#at] ?? ''
  }

  #take(sign: string): boolean {
    if (this.#peek() !== sign) return false
    this.#at++
    return true
  }
}

function push(steps: Step[], step: Step): number {
  if (steps.length >= STEPS_MAX) throw new PatternError('too-large')
  return steps.push(step) - 1
}

function emit(node: Node, steps: Step[]): void {
  switch (node.kind) {
    case 'empty':
      return
    case 'char':
      push(steps, { op: 'char', test: node.test })
      return
    case 'assert':
      push(steps, { op: 'assert', what: node.what })
      return
    case 'all':
      node.parts.forEach((part) => emit(part, steps))
      return
    case 'either':
      emitEither(node.options, steps)
      return
    case 'repeat':
      emitRepeat(node.of, node.min, node.max, node.greedy, steps)
  }
}

function emitEither(options: Node[], steps: Step[]): void {
  const jumps: { op: 'jump'; to: number }[] = []
  options.forEach((option, index) => {
    if (index === options.length - 1) return emit(option, steps)
    const split = { op: 'split' as const, first: 0, second: 0 }
    split.first = push(steps, split) + 1
    emit(option, steps)
    const jump = { op: 'jump' as const, to: 0 }
    push(steps, jump)
    jumps.push(jump)
    split.second = steps.length
  })
  for (const jump of jumps) jump.to = steps.length
}

function emitRepeat(of: Node, min: number, max: number, greedy: boolean, steps: Step[]): void {
  // What makes no step costs nothing to write down a thousand times, and would be written down a thousand times a thousand.
  if (Math.max(min, max === Infinity ? 0 : max) > STEPS_MAX) throw new PatternError('too-large')
  for (let n = 0; n < min; n++) emit(of, steps)
  const ways = (inside: number, after: number) => (greedy ? { first: inside, second: after } : { first: after, second: inside })
  if (max === Infinity) {
    const split = { op: 'split' as const, first: 0, second: 0 }
    const at = push(steps, split)
    emit(of, steps)
    push(steps, { op: 'jump', to: at })
    Object.assign(split, ways(at + 1, steps.length))
    return
  }
  const splits: { split: { op: 'split'; first: number; second: number }; at: number }[] = []
  for (let n = min; n < max; n++) {
    const split = { op: 'split' as const, first: 0, second: 0 }
    splits.push({ split, at: push(steps, split) })
    emit(of, steps)
  }
  for (const { split, at } of splits) Object.assign(split, ways(at + 1, steps.length))
}
