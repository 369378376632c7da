/**
 * The commands of a terminal, by the marks that its shell sets (OSC 133, or 633 of VS Code): where each was typed, where its output
 * begins and ends, and how it ended. It follows the parser of xterm.js, so a snapshot of the engine's screen, which says the marks
 * again, gives the same commands.
 */
import type { IBufferLine, IDisposable, IMarker, Terminal } from '@xterm/xterm'

/** What `@xterm/headless` has as well, so that marks can be tried without a window. */
export type MarkedTerminal = Pick<Terminal, 'parser' | 'buffer' | 'cols'> & {
  registerMarker: (offset: number) => IMarker | undefined
}

export type Outcome = 'running' | 'ok' | 'failed' | 'unknown'

interface Place {
  marker: IMarker
  column: number
}

export interface Command {
  readonly id: number
  state: 'prompt' | 'running' | 'ended'
  /** As the shell says it; null if it does not. */
  status: number | null
  prompt?: Place
  /** Where what was typed begins. */
  input?: Place
  output?: Place
  end?: Place
}

/**
 * Commands that are remembered; the oldest is forgotten first. Every line that leaves the scrollback costs a look at each of their
 * markers, and a flood of marks would make that slow.
 */
export const COMMANDS_MAX = 300

/** What a shell writes before a further line of a command: `> ` of bash, `for> ` of zsh. */
const CONTINUED = /^[a-z ]*> ?/

export function outcomeOf({ state, status }: Command): Outcome {
  if (state !== 'ended') return 'running'
  if (status === null) return 'unknown'
  return status === 0 ? 'ok' : 'failed'
}

/** A byte, or null where a shell says none. */
function statusOf(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d+$/.test(text)) return null
  const status = Number(text)
  return status >= 0 && status <= 255 ? status : 255
}

export class CommandMarks {
  #commands: Command[] = []
  #last = 0
  /** Marks on one line share a marker, which goes with the last of them. */
  readonly #shared = new Map<IMarker, number>()
  #newest: IMarker | undefined
  readonly #listeners = new Set<() => void>()
  readonly #handlers: IDisposable[]

  constructor(private readonly terminal: MarkedTerminal) {
    const marked = (text: string) => this.#mark(text)
    this.#handlers = [
      terminal.parser.registerOscHandler(133, marked),
      terminal.parser.registerOscHandler(633, marked),
      // A reset, with which every snapshot begins.
      terminal.parser.registerEscHandler({ final: 'c' }, () => {
        this.#forgetAll()
        return false
      }),
    ]
  }

  /** Commands that ran or run and are still in the buffer, the oldest first. */
  get commands(): readonly Command[] {
    const inBuffer = ({ marker }: Place) => !marker.isDisposed
    this.#commands = this.#commands.filter((command) => {
      const stays = this.#places(command).some(inBuffer)
      if (!stays) this.#places(command).forEach((place) => this.#release(place))
      return stays
    })
    return this.#commands.filter(({ state }) => state !== 'prompt')
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The line of the buffer on which a command was typed; -1 if that has left it. */
  line({ input, prompt }: Command): number {
    return (input ?? prompt)?.marker.line ?? -1
  }

  /** The line from which a command with its prompt is to be seen. */
  top(command: Command): number {
    const line = command.prompt?.marker.line ?? -1
    return line >= 0 ? line : this.line(command)
  }

  /** What was typed. */
  text(command: Command): string {
    const { input, output } = command
    if (!input || input.marker.isDisposed) return ''
    const end = output && !output.marker.isDisposed ? output : undefined
    const text = this.#read(input, end ?? this.#cursor())
    const [first = '', ...rest] = text.split('\n')
    return [first, ...rest.map((line) => line.replace(CONTINUED, ''))].join('\n').trim()
  }

  /** What it has written so far, without the line breaks at the end. */
  output(command: Command): string {
    if (!command.output) return ''
    return this.#read(command.output, this.#outputEnd(command)).replace(/\n+$/, '')
  }

  /** First and last line of its output; nothing if it has written nothing. */
  outputLines(command: Command): { first: number; last: number } | undefined {
    if (!command.output) return undefined
    const end = this.#outputEnd(command)
    const first = this.#line(command.output)
    const last = this.#line(end) - (end.column === 0 ? 1 : 0)
    return last < first ? undefined : { first, last }
  }

  dispose(): void {
    this.#handlers.forEach((handler) => handler.dispose())
    this.#forgetAll()
    this.#listeners.clear()
  }

  #mark(text: string): boolean {
    const [kind, status] = text.split(';')
    const last = this.#commands.at(-1)
    const here = this.#here()
    switch (kind) {
      case 'A':
        if (last?.state === 'prompt') this.#forget(last)
        // No end was said: it was given up, or its shell is gone.
        if (last?.state === 'running') this.#end(last, null, this.#here())
        this.#begin({ ...(here && { prompt: here }) })
        break
      case 'B':
        if (last?.state === 'prompt') {
          this.#release(last.input)
          if (here) last.input = here
        } else this.#begin({ ...(here && { input: here }) })
        break
      case 'C': {
        const command = last?.state === 'prompt' ? last : this.#begin({})
        command.state = 'running'
        if (here) command.output = here
        break
      }
      case 'D':
        if (last?.state === 'running') this.#end(last, statusOf(status), here)
        else this.#release(here)
        break
      default:
        this.#release(here)
        return true
    }
    this.#listeners.forEach((listener) => listener())
    return true
  }

  #begin(places: Partial<Command>): Command {
    const command: Command = { id: ++this.#last, state: 'prompt', status: null, ...places }
    this.#commands.push(command)
    if (this.#commands.length > COMMANDS_MAX) {
      const [oldest] = this.#commands
      if (oldest) this.#forget(oldest)
    }
    return command
  }

  #end(command: Command, status: number | null, here: Place | undefined): void {
    command.state = 'ended'
    command.status = status
    if (here) command.end = here
  }

  #forget(command: Command): void {
    this.#places(command).forEach((place) => this.#release(place))
    if (this.#commands[0] === command) this.#commands.shift()
    else if (this.#commands.at(-1) === command) this.#commands.pop()
  }

  #release(place: Place | undefined): void {
    if (!place) return
    const { marker } = place
    const others = (this.#shared.get(marker) ?? 1) - 1
    if (others > 0 && !marker.isDisposed) return void this.#shared.set(marker, others)
    this.#shared.delete(marker)
    marker.dispose()
  }

  #forgetAll(): void {
    const all = [...this.#shared.keys()]
    this.#commands = []
    this.#shared.clear()
    this.#newest = undefined
    all.forEach((marker) => marker.dispose())
    this.#listeners.forEach((listener) => listener())
  }

  #places({ prompt, input, output, end }: Command): Place[] {
    return [prompt, input, output, end].filter((place) => place !== undefined)
  }

  /** Where the cursor is; nowhere on the page of a full-screen program. */
  #here(): Place | undefined {
    const { active } = this.terminal.buffer
    if (active.type === 'alternate') return undefined
    const line = active.baseY + active.cursorY
    const isHere = this.#newest?.isDisposed === false && this.#newest.line === line
    const marker = isHere ? this.#newest : this.terminal.registerMarker(0)
    if (!marker) return undefined
    this.#newest = marker
    this.#shared.set(marker, (this.#shared.get(marker) ?? 0) + 1)
    return { marker, column: Math.min(active.cursorX, this.terminal.cols - 1) }
  }

  /** Lines that have left the buffer were above it. */
  #line(place: Pick<Place, 'marker'> | { line: number } | undefined): number {
    if (!place) return 0
    if ('line' in place) return place.line
    return place.marker.isDisposed ? 0 : place.marker.line
  }

  #cursor(): { line: number; column: number } {
    const { normal } = this.terminal.buffer
    return { line: normal.baseY + normal.cursorY, column: normal.cursorX }
  }

  #outputEnd(command: Command): { line: number; column: number } {
    const { end } = command
    if (command.state === 'ended' && end) return { line: this.#line(end), column: end.column }
    if (command.state === 'running') return this.#cursor()
    // It ended without a place: on the page of a program that did not clean up.
    return { line: this.#line(command.output), column: 0 }
  }

  /** The text from one place up to another. Lines that were wrapped are one. */
  #read(from: Place, to: Place | { line: number; column: number }): string {
    const { normal } = this.terminal.buffer
    const [first, last] = [this.#line(from), this.#line(to)]
    let text = ''
    for (let y = first; y <= last; y++) {
      const line: IBufferLine | undefined = normal.getLine(y)
      if (!line) break
      const start = y === first && !from.marker.isDisposed ? from.column : 0
      const end = y === last ? to.column : this.terminal.cols
      if (y === last && end === 0 && y > first) break
      if (y > first && !line.isWrapped) text = `${text.trimEnd()}\n`
      const wraps = normal.getLine(y + 1)?.isWrapped ?? false
      text += line.translateToString(!wraps, start, Math.max(start, end))
    }
    return text.trimEnd()
  }
}
