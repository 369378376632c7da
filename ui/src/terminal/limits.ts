/**
 * What one sequence of a server may ask for. xterm.js 6.0.0 scrolls a line two milliards of times for `CSI 2147483647 S`, asks
 * for 8 GB for `CSI 2147483647 b`, and keeps addresses of links of up to 10 MB each; the window would stand still, or end.
 */
import type { IDisposable, Terminal } from '@xterm/xterm'

/** As the engine's screen has it (`STRING_BYTES` in `parser.rs`), so that both know the same titles, links and colours. */
const STRING_BYTES = 4 * 1024

/** The strings (OSC) that xterm.js acts on. */
const STRINGS = [0, 1, 2, 4, 8, 10, 11, 12, 104, 110, 111, 112] as const

const encoder = new TextEncoder()

/** Whether a string is so long that it is ignored: the engine takes a further character only while four bytes are free. */
export function isTooLong(number: number, text: string): boolean {
  if (text.length * 3 + 16 < STRING_BYTES) return false
  // A character has at most four bytes, so only the last one may reach into the last four.
  const whole = `${number};${text}`
  const last = whole.codePointAt(whole.length - 1) ?? 0
  const isPair = last >= 0xdc00 && last < 0xe000
  return encoder.encode(whole.slice(0, isPair ? -2 : -1)).length > STRING_BYTES - 4
}

/** Sequences with a count, and the count from which on more of it changes nothing that can be seen. */
const COUNTS: Record<string, (terminal: Terminal) => number> = {
  // Insert and delete characters, erase characters; tabs forward and back.
  '@': ({ cols }) => cols,
  P: ({ cols }) => cols,
  X: ({ cols }) => cols,
  I: ({ cols }) => cols,
  Z: ({ cols }) => cols,
  // Insert and delete lines, scroll up and down.
  L: ({ rows }) => rows,
  M: ({ rows }) => rows,
  S: ({ rows }) => rows,
  T: ({ rows }) => rows,
  // Repeat: the screen twice over, as in the engine (`repeat` in `sequences.rs`).
  b: ({ cols, rows }) => cols * rows * 2,
}

/** The private part of xterm.js 6.0.0 that is reached into here: its own handlers get the parameters themselves, not a copy. */
interface HandlerOwner {
  _core: {
    registerCsiHandler: (
      id: { final: string },
      handler: (params: { params: ArrayLike<number> & number[] }) => boolean,
    ) => IDisposable
  }
}

/** Call before other handlers of these strings are registered: those that come later are asked first. */
export function limitSequences(terminal: Terminal): void {
  for (const number of STRINGS) terminal.parser.registerOscHandler(number, (text) => isTooLong(number, text))
  const core = (terminal as unknown as HandlerOwner)._core
  for (const [final, most] of Object.entries(COUNTS)) {
    core.registerCsiHandler({ final }, ({ params }) => {
      params[0] = Math.min(params[0] ?? 0, most(terminal))
      // Goes on to the handler of xterm.js.
      return false
    })
  }
}
