/**
 * Where the engine's screen is not what xterm.js is, on purpose or for want of bytes that say it: "Where the screen differs from
 * xterm.js" in ARCHITECTURE.md. A test that fails here tells of a difference that is gone.
 */
import { afterAll, expect, it } from 'vitest'
import { EngineScreen, type Size } from './engine'
import { canBeSaid, newWindow, state, type Window } from './xterm'

const SIZE: Size = { cols: 20, rows: 6 }

const engine = new EngineScreen()
afterAll(() => engine.end())

/** A window that got all of it, and one that got a snapshot. */
async function both(text: string, size = SIZE): Promise<[whole: Window, copy: Window]> {
  const whole = newWindow(size)
  await whole.write(text)
  engine.begin(size)
  engine.feed(Buffer.from(text))
  const copy = newWindow(size)
  await copy.write(await engine.snapshot())
  return [whole, copy]
}

const rowOf = ({ terminal }: Window, row: number) => terminal.buffer.active.getLine(row)?.translateToString(true)

it('more than 32 code points of one cell are cut', async () => {
  const marks = (count: number) => `a${'\u0301'.repeat(count)}`
  const [whole, copy] = await both(`${marks(31)} ${marks(40)}`)
  expect(rowOf(whole, 0)).toBe(`${marks(31)} ${marks(40)}`)
  expect(rowOf(copy, 0)).toBe(`${marks(31)} ${marks(31)}`)
})

it('SGR 59 takes the colour of an underline back, where xterm.js draws it white', async () => {
  const underlineOf = ({ terminal }: Window) => {
    const cell = terminal.buffer.active.getLine(0)?.getCell(0) as unknown as { extended: { underlineColor: number } }
    return cell.extended.underlineColor.toString(16)
  }
  const [whole, copy] = await both('\x1b[4:3m\x1b[58;5;1m\x1b[59mx')
  expect([underlineOf(whole), underlineOf(copy)]).toEqual(['3ffffff', '0'])
})

it('an empty cell with attributes is a space', async () => {
  const charsOf = ({ terminal }: Window) => terminal.buffer.active.getLine(0)?.getCell(0)?.getChars()
  // Insert mode moves cells away and leaves empty ones of the pen behind.
  const [whole, copy] = await both('\x1b[7m中\x1b[1;2Hx\x1b[1;5H')
  expect([charsOf(whole), charsOf(copy)]).toEqual(['', ' '])
  expect(state(copy)).toEqual(state(whole))
})

it('what no bytes can say is known', async () => {
  // A saved cursor below the screen, as the scrollback goes; and a character set in use that is not the one of its level.
  for (const text of [`${'\r\n'.repeat(20)}\x1b7\x1b[3J`, '\x1b7\x1b(0\x1b8']) {
    const [whole] = await both(text)
    expect(canBeSaid(whole), JSON.stringify(text)).toBe(false)
  }
})

it('a wide character that finds no room where nothing wraps is drawn by xterm.js as its pieces of output come', async () => {
  const text = '\x1b[?7l日本語の長い行は右端で折'
  const [whole, copy] = await both(text)
  const pieces = newWindow(SIZE)
  for (const character of text) await pieces.write(character)
  expect(rowOf(whole, 0)).toBe('日本語の長い行は右端')
  expect(rowOf(pieces, 0)).toBe('日本語の長い行は右')
  expect(rowOf(copy, 0)).toBe('日本語の長い行は右')
})

it('what an alternate page lost to a narrower window is in a window only that was there', async () => {
  const [whole] = await both(`\x1b[?1049h${'x'.repeat(20)}`)
  engine.resize({ cols: 10, rows: 6 })
  const copy = newWindow({ cols: 10, rows: 6 })
  await copy.write(await engine.snapshot())
  whole.terminal.resize(10, 6)
  expect(state(copy)).toEqual(state(whole))
  for (const { terminal } of [whole, copy]) terminal.resize(20, 6)
  expect([rowOf(whole, 0), rowOf(copy, 0)]).toEqual(['x'.repeat(20), 'x'.repeat(10)])
})

it('a link that is open is in the snapshot also when xterm.js has forgotten it with its lines', async () => {
  const [whole, copy] = await both('\x1b]8;;http://example.org/\x1b\\link\x1b[2K\rmore')
  const linked = ({ terminal }: Window) =>
    (terminal.buffer.active.getLine(0)?.getCell(0) as unknown as { extended: { urlId: number } }).extended.urlId > 0
  expect(linked(whole)).toBe(true)
  expect(linked(copy)).toBe(true)
})

it('a page that is not full, with text below the cursor, loses other lines to a narrower xterm.js than here', async () => {
  const [whole] = await both(`${'x'.repeat(33)}\r\n${'y'.repeat(26)}\x1b[1;1H`, { cols: 33, rows: 10 })
  const size = { cols: 20, rows: 3 }
  engine.resize(size)
  whole.terminal.resize(size.cols, size.rows)
  const copy = newWindow(size)
  await copy.write(await engine.snapshot())
  const text = (window: Window) => [0, 1, 2].map((row) => rowOf(window, row))
  expect([text(whole), text(copy)]).toEqual([
    ['x'.repeat(20), 'x'.repeat(13), 'y'.repeat(6)],
    ['x'.repeat(20), 'y'.repeat(20), 'y'.repeat(6)],
  ])
})
