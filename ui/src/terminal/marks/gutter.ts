/** Draws the marks of the commands that can be seen, in the margin left of the terminal. Buttons, but the keys reach them by actions. */
import type { IDisposable, Terminal } from '@xterm/xterm'
import { outcomeOf, type Command, type CommandMarks } from './command-marks'
import './gutter.css'

interface GutterEvents {
  /** What a mark is called. */
  name: (command: Command) => string
  /** A mark was clicked. */
  open: (command: Command) => void
  current: () => Command | undefined
}

export class MarkGutter {
  readonly #element = document.createElement('div')
  readonly #buttons = new Map<number, HTMLButtonElement>()
  readonly #listening: IDisposable[]
  readonly #stopMarks: () => void
  #drawing = 0

  constructor(
    private readonly terminal: Terminal,
    private readonly marks: CommandMarks,
    surface: HTMLElement,
    private readonly events: GutterEvents,
  ) {
    this.#element.className = 'command-marks'
    surface.append(this.#element)
    this.#listening = [terminal.onRender(() => this.#draw()), terminal.buffer.onBufferChange(() => this.drawSoon())]
    this.#stopMarks = marks.onChange(() => this.drawSoon())
  }

  /** Once in the next frame, however many marks come. */
  drawSoon(): void {
    this.#drawing ||= requestAnimationFrame(() => this.#draw())
  }

  /** Where a mark is in the window, for what opens beside it; the terminal's corner if it is not in view. */
  placeOf(command: Command): DOMRect {
    const button = this.#buttons.get(command.id) ?? this.#element
    const { left, right, top, bottom } = button.getBoundingClientRect()
    return new DOMRect(left, top, right - left, button === this.#element ? 0 : bottom - top)
  }

  dispose(): void {
    cancelAnimationFrame(this.#drawing)
    this.#stopMarks()
    this.#listening.forEach((listening) => listening.dispose())
    this.#element.remove()
  }

  #draw(): void {
    cancelAnimationFrame(this.#drawing)
    this.#drawing = 0
    const seen = this.#seen()
    for (const [id, button] of this.#buttons) {
      if (seen.has(id)) continue
      button.remove()
      this.#buttons.delete(id)
    }
    if (seen.size === 0) return
    const screen = this.terminal.element?.querySelector<HTMLElement>('.xterm-screen')
    if (!screen || screen.clientHeight === 0) return
    const height = screen.clientHeight / this.terminal.rows
    const top = screen.getBoundingClientRect().top - this.#element.getBoundingClientRect().top
    const current = this.events.current()
    for (const { command, row } of seen.values()) {
      const button = this.#buttons.get(command.id) ?? this.#newButton(command.id)
      const name = this.events.name(command)
      button.className = `command-mark ${outcomeOf(command)}${command === current ? ' current' : ''}`
      if (button.title !== name) {
        button.title = name
        button.setAttribute('aria-label', name)
      }
      button.style.top = `${top + row * height}px`
      button.style.height = `${height}px`
    }
  }

  /** The commands in view, one for each line. */
  #seen(): Map<number, { command: Command; row: number }> {
    const { active } = this.terminal.buffer
    const byRow = new Map<number, Command>()
    if (active.type === 'normal') {
      for (const command of this.marks.commands) {
        const row = this.marks.line(command) - active.viewportY
        if (row >= 0 && row < this.terminal.rows) byRow.set(row, command)
      }
    }
    return new Map([...byRow].map(([row, command]) => [command.id, { command, row }]))
  }

  #newButton(id: number): HTMLButtonElement {
    const button = document.createElement('button')
    button.type = 'button'
    // The keys go from command to command by actions; as stops of Tab hundreds of them would be in the way.
    button.tabIndex = -1
    button.setAttribute('aria-haspopup', 'menu')
    // The terminal keeps the keyboard.
    button.addEventListener('mousedown', (event) => event.preventDefault())
    button.addEventListener('click', () => {
      const command = this.marks.commands.find((one) => one.id === id)
      if (command) this.events.open(command)
    })
    this.#element.append(button)
    this.#buttons.set(id, button)
    return button
  }
}
