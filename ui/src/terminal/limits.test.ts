import { Terminal } from '@xterm/headless'
import type { Terminal as WindowTerminal } from '@xterm/xterm'
import { expect, it } from 'vitest'
import { isTooLong, limitSequences } from './limits'

function newTerminal(): Terminal {
  const terminal = new Terminal({ cols: 80, rows: 24, allowProposedApi: true, logLevel: 'off' })
  limitSequences(terminal as unknown as WindowTerminal)
  return terminal
}

const write = (terminal: Terminal, text: string) => new Promise<void>((resolve) => terminal.write(text, resolve))
const line = (terminal: Terminal, n: number) => terminal.buffer.active.getLine(n)?.translateToString(true)

const MOST = 2 ** 31 - 1

/** As much as takes seconds where it is not limited, and not so much that nobody learns which one it was. */
it.each([
  ['@', MOST],
  ['P', MOST],
  ['X', MOST],
  ['Z', 3e7],
  ['I', 3e8],
  ['L', 2e6],
  ['M', 2e6],
  ['S', 2e6],
  ['T', 2e6],
  ['b', 3e7],
])('is done with a great count of CSI %s at once, and goes on', async (final, count) => {
  const terminal = newTerminal()
  await write(terminal, 'ab\r\ncd')
  const start = performance.now()
  await write(terminal, `\x1b[${count}${final}`)
  expect(performance.now() - start).toBeLessThan(400)
  await write(terminal, '\x1b[2J\x1b[Hstill here')
  expect(line(terminal, terminal.buffer.active.baseY)).toBe('still here')
})

it('does what the count says where it can be seen', async () => {
  const terminal = newTerminal()
  await write(terminal, 'x\x1b[9b\r\n1\r\n2\x1b[1;1H\x1b[2L')
  expect([line(terminal, 0), line(terminal, 1), line(terminal, 2), line(terminal, 3)]).toEqual(['', '', 'xxxxxxxxxx', '1'])
})

it('ignores a title that is longer than the engine keeps', async () => {
  const terminal = newTerminal()
  const titles: string[] = []
  terminal.onTitleChange((title) => titles.push(title.slice(0, 5)))
  await write(terminal, `\x1b]2;${'long '.repeat(100_000)}\x07\x1b]2;short\x07`)
  expect(titles).toEqual(['short'])
})

it('draws the line between long and too long where the engine does', () => {
  // "2;" and 4091 characters are 4093 bytes: the last one found four bytes free.
  expect(isTooLong(2, 'x'.repeat(4091))).toBe(false)
  expect(isTooLong(2, 'x'.repeat(4092))).toBe(true)
  expect(isTooLong(2, '😀'.repeat(1023))).toBe(false)
  expect(isTooLong(2, '😀'.repeat(1024))).toBe(true)
})
