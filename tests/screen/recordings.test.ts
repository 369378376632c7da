/**
 * The engine's screen against xterm.js, for recordings of real programs (`tests/recordings`) cut at many places: a window that gets
 * a snapshot there shows, knows and answers the same as one that got every byte, and goes on doing so.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Dice } from './dice'
import { EngineScreen, type Size } from './engine'
import { canBeSaid, expectSame, newWindow, state } from './xterm'

const FOLDER = join(import.meta.dirname, '../recordings')
const SIZE: Size = { cols: 80, rows: 24 }
/** In each recording. */
const CUTS = 40

/** Where a recording is cut; where the terminal takes another size, too. */
interface Cut {
  at: number
  size?: Size
}

function sizesOf(name: string): Cut[] {
  const file = join(FOLDER, name.replace(/\.rec$/, '.sizes'))
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [at = 0, cols = 0, rows = 0] = line.split(' ').map(Number)
    return { at, size: { cols, rows } }
  })
}

/** Never within a character: nothing is sent to a window in such parts. */
function wholeCharacters(bytes: Buffer, at: number): number {
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--
  return at
}

const engine = new EngineScreen()
afterAll(() => engine.end())

/** A view that was left in the middle of something else. */
const LEFT_OVER =
  '\x1b[?1049h\x1b[?1000;1006;2004h\x1b[31;44;4:3mwhat was there\x1b[?25l\x1b)0\x0e\x1b[4h\x1b[2;5r\x1b[3g\x1b]8;;http://example.org\x07x\x1b]0;half a title'

describe('a window that gets a snapshot in the place of the beginning', () => {
  it.each(readdirSync(FOLDER).filter((name) => name.endsWith('.rec')))('is like one that got all of %s', async (name) => {
    const bytes = readFileSync(join(FOLDER, name))
    const dice = new Dice(bytes.length)
    const places = Array.from({ length: CUTS }, () => ({ at: wholeCharacters(bytes, dice.roll(bytes.length)) }))
    const cuts: Cut[] = [...places, ...sizesOf(name), { at: bytes.length }].sort((one, other) => one.at - other.at)
    const whole = newWindow(SIZE)
    engine.begin(SIZE)
    let copy: typeof whole | undefined
    let fed = 0
    let said = 0
    let size = SIZE
    for (const { at, size: next } of cuts) {
      const piece = bytes.subarray(fed, at)
      const where = `${name} from ${fed} to ${at}`
      fed = at
      await whole.write(piece)
      engine.feed(piece)
      await copy?.write(piece)
      if (next) {
        size = next
        // What an alternate page had beyond a smaller width only one that got all has.
        if (whole.terminal.buffer.active.type === 'alternate') copy = undefined
        engine.resize(size)
        for (const window of [whole, copy]) window?.terminal.resize(size.cols, size.rows)
      }
      const wanted = state(whole)
      if (copy) expectSame(state(copy), wanted, `${where}, after a snapshot at its beginning`)
      expect((await engine.answers()).own, `answers, ${where}`).toBe(whole.answers())
      copy = undefined
      if (!canBeSaid(whole)) continue
      said++
      copy = newWindow(size)
      await copy.write(LEFT_OVER)
      copy.answers()
      await copy.write(await engine.snapshot())
      expect(copy.answers(), `${where}: a snapshot asks nothing`).toBe('')
      expectSame(state(copy), wanted, `a snapshot, ${where}`)
    }
    expect(said, 'snapshots that were compared').toBeGreaterThan(cuts.length / 4)
  })
})
