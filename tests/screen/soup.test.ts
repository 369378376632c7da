/**
 * The engine's screen against xterm.js with soups of all that a terminal may be sent, and of sizes that it may take. The same in
 * each run; BOWLINE_SOUPS asks for more of them than the tests need.
 */
import { afterAll, expect, it } from 'vitest'
import { Dice } from './dice'
import { EngineScreen, type Size } from './engine'
import { soup } from './soup'
import { canBeSaid, expectSame, newWindow, state } from './xterm'

const SOUPS = Number(process.env['BOWLINE_SOUPS'] ?? 200)
const SIZES: readonly Size[] = [
  { cols: 20, rows: 6 },
  { cols: 11, rows: 6 },
  { cols: 33, rows: 10 },
  { cols: 20, rows: 3 },
]

const engine = new EngineScreen()
afterAll(() => engine.end())

/** What a shell does before its prompt stands in the last line: there the terminal takes another size. */
const TO_THE_LAST_LINE = '\x18\x1b[r\x1b[?6l\x1b[999;999H\r\n\r\n'

type Steps = (string | Size)[]

function steps(seed: number, resizes: boolean): Steps {
  const dice = new Dice(seed)
  const before = soup(dice, 40)
  const resize = resizes ? [TO_THE_LAST_LINE, dice.pick(SIZES)] : []
  return [...before, ...resize, ...soup(dice, 20)]
}

/** Says where both differ. Undefined: they do not; null: no snapshot can say this state. */
async function difference(steps: Steps): Promise<string | undefined | null> {
  let size = SIZES[0] as Size
  const whole = newWindow(size)
  engine.begin(size)
  for (const step of steps) {
    if (typeof step === 'string') {
      engine.feed(Buffer.from(step))
      await whole.write(step)
    } else {
      size = step
      engine.resize(size)
      whole.terminal.resize(size.cols, size.rows)
    }
  }
  const { own } = await engine.answers()
  const answers = whole.answers()
  if (own !== answers) return `answers ${JSON.stringify(own)} in place of ${JSON.stringify(answers)}`
  if (!canBeSaid(whole)) return null
  const copy = newWindow(size)
  await copy.write('\x1b[?1049h\x1b[31mwhat was there\x1b[?25l\x1b[2;3r\x1b[?6h\x1b]8;;http://x')
  await copy.write(await engine.snapshot())
  try {
    expectSame(state(copy), state(whole), 'a snapshot')
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** The fewest steps that still lead to a difference: those are read by whoever mends it. */
async function shortest(steps: Steps): Promise<Steps> {
  for (let at = 0; at < steps.length;) {
    const fewer = steps.toSpliced(at, 1)
    if (await difference(fewer)) steps = fewer
    else at++
  }
  return steps
}

async function compare(seed: number, resizes: boolean): Promise<boolean> {
  const all = steps(seed, resizes)
  const found = await difference(all)
  if (!found) return found === undefined
  const fewest = await shortest(all)
  throw new Error(`seed ${seed}, after ${JSON.stringify(fewest)}: ${await difference(fewest)}`)
}

it('a snapshot puts xterm.js into the state in which the output itself puts it', async () => {
  let said = 0
  for (let seed = 1; seed <= SOUPS; seed++) if (await compare(seed, false)) said++
  expect(said).toBeGreaterThan(SOUPS / 2)
})

it('and does so when the terminal takes other sizes with text above its last line', async () => {
  let said = 0
  for (let seed = 1; seed <= SOUPS; seed++) if (await compare(seed + 100_000, true)) said++
  expect(said).toBeGreaterThan(SOUPS / 2)
})
