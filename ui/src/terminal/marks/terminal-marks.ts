/** The commands of one surface: their marks, the margin in which they are drawn, and which one is meant. */
import type { Terminal } from '@xterm/xterm'
import { t } from '../../i18n'
import { plainTitle } from '../hidden-characters'
import { CommandMarks, outcomeOf, type Command } from './command-marks'
import { CommandSteps } from './command-steps'
import { MarkGutter } from './gutter'

/** Of a command in the name of its mark. */
const NAME_CHARACTERS = 80

/** `make test: failed with status 2`. */
function markName(marks: CommandMarks, command: Command): string {
  const text = plainTitle(marks.text(command)).slice(0, NAME_CHARACTERS)
  const outcome = t(`marks.outcomes.${outcomeOf(command)}`, { status: String(command.status ?? '') })
  return text === '' ? outcome : t('marks.name', { command: text, outcome })
}

export class TerminalMarks {
  readonly marks: CommandMarks
  readonly steps: CommandSteps
  readonly #gutter: MarkGutter

  constructor(terminal: Terminal, element: HTMLElement, open: (command: Command) => void) {
    this.marks = new CommandMarks(terminal)
    this.steps = new CommandSteps(terminal, this.marks, () => this.#gutter.drawSoon())
    this.#gutter = new MarkGutter(terminal, this.marks, element, {
      name: (command) => this.nameOf(command),
      open,
      current: () => this.steps.current,
    })
  }

  nameOf(command: Command): string {
    return markName(this.marks, command)
  }

  placeOf(command: Command): DOMRect {
    return this.#gutter.placeOf(command)
  }

  dispose(): void {
    this.#gutter.dispose()
    this.steps.dispose()
    this.marks.dispose()
  }
}
