/**
 * What programs ask before they draw pictures, answered only where they are shown, and as the engine answers for a window that does
 * not look (`queries.rs`). All sizes are in the pixels that pictures are measured in: they say nothing about the window.
 */
import type { Terminal } from '@xterm/xterm'
import type { PrivateTerminal } from './placing'
import { CELL } from './size'

type Params = (number | number[])[]

const number = (params: Params, at: number) => (typeof params[at] === 'number' ? params[at] : 0)

function graphics(terminal: Terminal, item: number, action: number): string {
  if (item !== 1 && item !== 2) return `${item};1`
  if (action !== 1 && action !== 2 && action !== 4) return `${item};2`
  return item === 1 ? '1;0;256' : `2;0;${terminal.cols * CELL.width};${terminal.rows * CELL.height}`
}

function windowSize(terminal: Terminal, what: number): string | undefined {
  if (what === 14) return `4;${terminal.rows * CELL.height};${terminal.cols * CELL.width}`
  if (what === 16) return `6;${CELL.height};${CELL.width}`
  return what === 18 ? `8;${terminal.rows};${terminal.cols}` : undefined
}

/** Returns what ends it. */
export function answerForPictures(terminal: Terminal): () => void {
  const { _parser: parser } = (terminal as unknown as PrivateTerminal)._core._inputHandler
  const handlers = [
    terminal.parser.registerCsiHandler({ final: 'c' }, (params) => {
      if (number(params, 0) === 0) terminal.input('\x1b[?62;4;9;22c', false)
      return true
    }),
    terminal.parser.registerCsiHandler({ prefix: '?', final: 'S' }, (params) => {
      terminal.input(`\x1b[?${graphics(terminal, number(params, 0), number(params, 1))}S`, false)
      return true
    }),
    // The public interface lets none of these through: it cannot know that nothing of the window is said.
    parser.registerCsiHandler({ final: 't' }, ({ params }) => {
      const answer = windowSize(terminal, params[0] ?? 0)
      if (answer !== undefined) terminal.input(`\x1b[${answer}t`, false)
      return true
    }),
  ]
  return () => handlers.forEach((handler) => handler.dispose())
}
