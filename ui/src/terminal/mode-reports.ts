/**
 * Answers to "is this mode set?" (DECRQM, `CSI Ps $ p` and `CSI ? Ps $ p`). xterm.js 6.0.0 throws there in its released build, in
 * the middle of a write: programs such as vim and fish ask at their start. These handlers come before its own.
 */
import type { IDisposable, Terminal } from '@xterm/xterm'

const enum Report {
  NotRecognised = 0,
  Set = 1,
  Reset = 2,
}

function privateMode(terminal: Terminal, mode: number): Report {
  const modes = terminal.modes
  const known: Record<number, boolean> = {
    1: modes.applicationCursorKeysMode,
    6: modes.originMode,
    7: modes.wraparoundMode,
    9: modes.mouseTrackingMode === 'x10',
    12: terminal.options.cursorBlink ?? false,
    45: modes.reverseWraparoundMode,
    47: terminal.buffer.active.type === 'alternate',
    66: modes.applicationKeypadMode,
    1000: modes.mouseTrackingMode === 'vt200',
    1002: modes.mouseTrackingMode === 'drag',
    1003: modes.mouseTrackingMode === 'any',
    1004: modes.sendFocusMode,
    1047: terminal.buffer.active.type === 'alternate',
    1049: terminal.buffer.active.type === 'alternate',
    2004: modes.bracketedPasteMode,
    2026: modes.synchronizedOutputMode,
  }
  const value = known[mode]
  if (value === undefined) return Report.NotRecognised
  return value ? Report.Set : Report.Reset
}

function ansiMode(terminal: Terminal, mode: number): Report {
  if (mode !== 4) return Report.NotRecognised
  return terminal.modes.insertMode ? Report.Set : Report.Reset
}

export function answerModeRequests(terminal: Terminal): IDisposable {
  const mode = (params: (number | number[])[]) => (typeof params[0] === 'number' ? params[0] : 0)
  const asked = terminal.parser.registerCsiHandler({ prefix: '?', intermediates: '$', final: 'p' }, (params) => {
    terminal.input(`\x1b[?${mode(params)};${privateMode(terminal, mode(params))}$y`, false)
    return true
  })
  const askedAnsi = terminal.parser.registerCsiHandler({ intermediates: '$', final: 'p' }, (params) => {
    terminal.input(`\x1b[${mode(params)};${ansiMode(terminal, mode(params))}$y`, false)
    return true
  })
  return {
    dispose() {
      asked.dispose()
      askedAnsi.dispose()
    },
  }
}
