/**
 * What pictures take in the window, for the cases that the engine's screen is held against as well: the cursor, the text, and
 * what stands there instead of a picture have to be the same in both.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Terminal } from '@xterm/headless'
import type { Terminal as WindowTerminal } from '@xterm/xterm'
import { describe, expect, it } from 'vitest'
import { answerForPictures } from './answers'
import { Pictures } from './pictures'
import { measureFile } from './size'

interface Case {
  name: string
  bytes: string
  /** Columns, lines and what stands there; null if it takes no room. */
  takes: [number, number, string] | null
}

const FILE = join(import.meta.dirname, '../../../../tests/recordings/pictures.json')
const cases = JSON.parse(readFileSync(FILE, 'utf8')) as Case[]

const write = (terminal: Terminal, text: string) => new Promise<void>((resolve) => terminal.write(text, resolve))

function newTerminal(): Terminal {
  const terminal = new Terminal({ cols: 80, rows: 24, allowProposedApi: true, logLevel: 'off' })
  // What is reached into is the same in both.
  new Pictures(terminal as unknown as WindowTerminal)
  return terminal
}

function text(terminal: Terminal): string {
  const { active } = terminal.buffer
  const lines = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? '')
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd()
}

describe('a picture', () => {
  it.each(cases)('takes its room: $name', async ({ bytes, takes }) => {
    const terminal = newTerminal()
    await write(terminal, `ab\r\n  ${bytes}`)
    const { active } = terminal.buffer
    const cursor = [active.cursorX, active.baseY + active.cursorY]
    if (!takes) {
      expect(cursor).toEqual([2, 1])
      expect(text(terminal)).toBe('ab')
      return
    }
    const [cols, lines, label] = takes
    expect(cursor).toEqual([2, lines])
    expect(text(terminal)).toBe(`ab\n  ${label.slice(0, Math.min(cols, 78))}`.trimEnd())
  })

  it('takes the same room however its bytes are cut', async () => {
    for (const { name, bytes } of cases.filter(({ bytes }) => bytes.length < 200)) {
      const whole = newTerminal()
      await write(whole, bytes)
      const pieces = newTerminal()
      for (const letter of bytes) pieces.write(letter)
      await write(pieces, '')
      expect(text(pieces), name).toBe(text(whole))
      expect(pieces.buffer.active.cursorY, name).toBe(whole.buffer.active.cursorY)
    }
  })

  it('covers what was there, and leaves the colours, the character set and the insert mode alone', async () => {
    const terminal = newTerminal()
    await write(terminal, '0123456789\r\n0123456789\x1b[H\x1b[3C')
    await write(terminal, '\x1b[31m\x1b(0\x1b[4h\x1bPq"1;1;40;40~~\x1b\\q')
    expect(text(terminal)).toBe('012[ima789\n012─    789')
    const cell = terminal.buffer.active.getLine(1)?.getCell(3)
    expect([cell?.getFgColor(), cell?.isDim()]).toEqual([1, 0])
    expect(terminal.buffer.active.getLine(0)?.getCell(3)?.isDim()).not.toBe(0)
  })

  it('that says its size too late has none', () => {
    const codes = new Uint32Array(200_000).fill(0x41)
    codes.set([...'/9j/4f//'].map((letter) => letter.charCodeAt(0)))
    const measure = measureFile('File=inline=1')
    measure?.take(codes, 0, codes.length)
    expect(measure?.area({ cols: 80, rows: 24 })).toBeNull()
  })
})

describe('answers about pictures', () => {
  it('are those that the engine gives', async () => {
    const terminal = newTerminal()
    let answers = ''
    terminal.onData((text) => (answers += text.replaceAll('\x1b', 'E')))
    const stop = answerForPictures(terminal as unknown as WindowTerminal)
    const asked = '\x1b[c\x1b[?1;1S\x1b[?2;1;0S\x1b[?2;3S\x1b[?3;1S\x1b[14t\x1b[16t\x1b[18t\x1b[11t'
    await write(terminal, asked)
    expect(answers).toBe('E[?62;4;9;22cE[?1;0;256SE[?2;0;800;480SE[?2;2SE[?3;1SE[4;480;800tE[6;20;10tE[8;24;80t')
    answers = ''
    stop()
    await write(terminal, asked)
    expect(answers).toBe('E[?1;2c')
  })
})
