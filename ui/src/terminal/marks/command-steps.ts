/** Going from command to command with the keys: which one is meant now, and bringing it into view. */
import type { IDisposable, Terminal } from '@xterm/xterm'
import type { Command, CommandMarks } from './command-marks'

/** Lines of the prompt before a command, and of what came before it, that stay in view above it. */
const LINES_ABOVE = 1

export class CommandSteps {
  #current: number | undefined
  readonly #typing: IDisposable

  constructor(
    private readonly terminal: Terminal,
    private readonly marks: CommandMarks,
    private readonly changed: () => void,
  ) {
    // Whoever types is back at the prompt.
    this.#typing = terminal.onKey(() => this.#go(undefined))
  }

  /** The command that was gone to last. */
  get current(): Command | undefined {
    return this.marks.commands.find(({ id }) => id === this.#current)
  }

  /** The one that is meant when nothing else is said. */
  get meant(): Command | undefined {
    return this.current ?? this.marks.commands.at(-1)
  }

  /** Goes to the command before (-1) or after (1); behind the last is the prompt. Says which one it is, if there is one. */
  step(by: 1 | -1): Command | undefined {
    const commands = this.marks.commands.filter((command) => this.marks.line(command) >= 0)
    const { viewportY, baseY } = this.terminal.buffer.active
    const at = commands.findIndex(({ id }) => id === this.#current)
    let next: number
    if (at >= 0) next = at + by
    else if (by > 0)
      next = viewportY >= baseY ? commands.length : commands.findIndex((command) => this.marks.line(command) > viewportY)
    else
      next = viewportY >= baseY ? commands.length - 1 : commands.findLastIndex((command) => this.marks.line(command) < viewportY)
    const command = commands[next]
    if (command) this.show(command)
    else if (by > 0 || at < 0) {
      this.#go(undefined)
      if (by > 0) this.terminal.scrollToBottom()
    }
    // Before the first there is none: it stays.
    return command ?? this.current
  }

  /** Brings a command into view, if it is not there. */
  show(command: Command): void {
    const { viewportY } = this.terminal.buffer.active
    const [first, last] = [this.marks.top(command), this.marks.line(command)]
    if (last < 0) this.terminal.scrollToTop()
    else if (first < viewportY || last >= viewportY + this.terminal.rows)
      this.terminal.scrollToLine(Math.max(0, first - LINES_ABOVE))
    this.#go(command.id)
  }

  selectOutput(command: Command): boolean {
    const lines = this.marks.outputLines(command)
    if (!lines) return false
    this.show(command)
    this.terminal.selectLines(lines.first, lines.last)
    return true
  }

  dispose(): void {
    this.#typing.dispose()
  }

  #go(id: number | undefined): void {
    if (this.#current === id) return
    this.#current = id
    this.changed()
  }
}
