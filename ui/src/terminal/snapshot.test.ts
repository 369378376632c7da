/**
 * A snapshot of the engine's screen against xterm.js itself: for recordings of real programs and for soups of all sequences,
 * a terminal that gets a snapshot in the middle and then the rest has to show what a terminal shows that got every byte.
 * The snapshots lie beside the recordings (`tests/recordings`); a test of the engine sees to it that they are those it makes.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { type IBufferCell, Terminal } from '@xterm/headless'
import { describe, expect, it } from 'vitest'

const FOLDER = join(import.meta.dirname, '../../../tests/recordings')

function newTerminal(): Terminal {
  const terminal = new Terminal({
    cols: 80,
    rows: 24,
    scrollback: 10_000,
    scrollOnEraseInDisplay: true,
    allowProposedApi: true,
    logLevel: 'off',
  })
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  // Xterm.js 6.0.0 throws there; in the window mode-reports.ts answers.
  terminal.parser.registerCsiHandler({ intermediates: '$', final: 'p' }, () => true)
  terminal.parser.registerCsiHandler({ prefix: '?', intermediates: '$', final: 'p' }, () => true)
  return terminal
}

const write = (terminal: Terminal, bytes: Uint8Array | string) => new Promise<void>((resolve) => terminal.write(bytes, resolve))

const bit = (flag: number) => (flag ? '1' : '0')

/** A cell as it is seen. An empty cell is a space: a snapshot cannot always tell them apart, and nobody sees it. */
function seen(cell: IBufferCell): string {
  const text = cell.getChars() || ' '
  const colours = (mode: number, colour: number) => (mode === 0 ? '-' : `${mode >> 24}:${colour}`)
  const background = colours(cell.getBgColorMode(), cell.getBgColor())
  const lines = [cell.isUnderline(), cell.isStrikethrough(), cell.isOverline(), cell.isInverse()].map(bit).join('')
  if (text === ' ' && lines === '0000') return ` ${background}`
  const flags = [cell.isBold(), cell.isItalic(), cell.isDim(), cell.isBlink(), cell.isInvisible()].map(bit).join('')
  return `${text}${cell.getWidth()} ${colours(cell.getFgColorMode(), cell.getFgColor())} ${background} ${flags} ${lines}`
}

function state(terminal: Terminal): string[] {
  const lines: string[] = []
  for (const [name, buffer] of [['normal', terminal.buffer.normal] as const, ['alternate', terminal.buffer.alternate] as const]) {
    lines.push(name)
    const cell = buffer.getNullCell()
    for (let y = 0; y < buffer.length; y++) {
      const line = buffer.getLine(y)
      if (!line) continue
      const cells: string[] = []
      for (let x = 0; x < line.length; x++) {
        line.getCell(x, cell)
        // The second half of a wide character belongs to the first.
        if (cell.getWidth() > 0 || cell.getChars()) cells.push(seen(cell))
      }
      while (cells.at(-1) === ' -') cells.pop()
      // The oldest line has none to go on from.
      lines.push(`${line.isWrapped && y > 0 ? '~' : '|'}${cells.join(',')}`)
    }
  }
  const { cursorX, cursorY, baseY, type } = terminal.buffer.active
  return [...lines, `cursor ${cursorX},${cursorY} of ${baseY} on ${type}`, JSON.stringify(terminal.modes)]
}

const recordings = readdirSync(FOLDER).filter((name) => name.endsWith('.rec'))

describe('a snapshot in the place of the beginning', () => {
  it.each(recordings)('shows the same as all of %s', async (name) => {
    const bytes = readFileSync(join(FOLDER, name))
    const stem = name.slice(0, -'.rec'.length)
    const snapshots = readdirSync(FOLDER).filter((file) => file.startsWith(`${stem}.`) && file.endsWith('.snapshot'))
    expect(snapshots).toHaveLength(4)
    const whole = newTerminal()
    let titled = ''
    whole.onTitleChange((title) => (titled = title))
    let fed = 0
    const cutOf = (file: string) => Number(file.split('.')[1])
    for (const file of snapshots.sort((one, other) => cutOf(one) - cutOf(other))) {
      const cut = cutOf(file)
      await write(whole, bytes.subarray(fed, cut))
      fed = cut
      const copy = newTerminal()
      // A view that was left in the middle of something else.
      await write(copy, '\x1b[?1049h\x1b[?1000;1006;2004h\x1b[31;44mwhat was there\x1b[?25l\x1b]0;half a title')
      let title = ''
      let answers = ''
      copy.onTitleChange((text) => (title = text))
      copy.onData((text) => (answers += text))
      await write(copy, readFileSync(join(FOLDER, file)))
      expect(answers, `${file} asks nothing`).toBe('')
      expect(state(copy), file).toEqual(state(whole))
      expect(title, file).toBe(titled)
      // And the rest does the same to both.
      const rest = bytes.subarray(cut, cut + 4000)
      const all = newTerminal()
      await write(all, bytes.subarray(0, cut))
      await write(all, rest)
      await write(copy, rest)
      expect(state(copy), `${file}, afterwards`).toEqual(state(all))
    }
  })
})
