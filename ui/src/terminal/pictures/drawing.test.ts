/** What is handed to the painter, and how much of it, when a program sends many or long pictures. */
import { Terminal } from '@xterm/headless'
import type { Terminal as WindowTerminal } from '@xterm/xterm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { GrowingBytes } from './growing-bytes'
import type { Painter } from './pictures'
import { Pictures } from './pictures'
import { placeText } from './placing'

const painted: { kind: string; data: string }[] = []
let paint: () => void = () => undefined

vi.mock('./painter', () => ({
  startPainting: (terminal: WindowTerminal): Painter => ({
    paint: (kind, data, area) => {
      painted.push({ kind, data: String.fromCharCode(...data.subarray(0, 100)) })
      paint()
      return placeText(terminal, { ...area, label: '' })
    },
    dispose: () => undefined,
  }),
}))

const write = (terminal: Terminal, text: string) => new Promise<void>((resolve) => terminal.write(text, resolve))

async function newTerminal(): Promise<Terminal> {
  const terminal = new Terminal({ cols: 80, rows: 24, scrollback: 100_000, allowProposedApi: true, logLevel: 'off' })
  const pictures = new Pictures(terminal as unknown as WindowTerminal)
  pictures.show(true)
  await pictures.loading
  return terminal
}

function text(terminal: Terminal): string {
  const { active } = terminal.buffer
  return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? '').join('\n')
}

/** How often others had their turn meanwhile. */
async function turnsDuring(work: Promise<void>): Promise<number> {
  let turns = 0
  let going = true
  const turn = () => {
    turns++
    if (going) setTimeout(turn)
  }
  setTimeout(turn)
  await work
  going = false
  return turns
}

beforeEach(() => {
  painted.length = 0
  paint = () => undefined
})

describe('drawing', () => {
  it('of huge pictures out of few bytes ends soon, and the text stands for the others', async () => {
    const terminal = await newTerminal()
    await write(terminal, '\x1bPq"1;1;2896;2896~\x1b\\\r\n'.repeat(50))
    // Two at once, and one more for each half second that the rest took.
    expect(painted.length).toBeGreaterThanOrEqual(2)
    expect(painted.length).toBeLessThan(25)
    expect(text(terminal).match(/\[image 2896 x 2896\]/g)).toHaveLength(50 - painted.length)
  })

  it('leaves time for the window between pictures', async () => {
    const terminal = await newTerminal()
    const busyMs = 20
    paint = () => {
      const until = performance.now() + busyMs
      while (performance.now() < until);
    }
    expect(await turnsDuring(write(terminal, '\x1bPq"1;1;10;10~\x1b\\'.repeat(10)))).toBeGreaterThanOrEqual(8)
    expect(painted).toHaveLength(10)
  })

  it('leaves time between texts that stand for high pictures', async () => {
    const terminal = new Terminal({ cols: 80, rows: 24, scrollback: 1000, allowProposedApi: true, logLevel: 'off' })
    new Pictures(terminal as unknown as WindowTerminal)
    expect(await turnsDuring(write(terminal, '\x1bPq"1;1;1;8192~\x1b\\'.repeat(2000)))).toBeGreaterThanOrEqual(5)
  })

  it('of data in single letters takes one array', async () => {
    const terminal = await newTerminal()
    const appended = vi.spyOn(GrowingBytes.prototype, 'append')
    const kept = vi.spyOn(GrowingBytes.prototype, 'all', 'get')
    const png = 'iVBORw0KGgoAAAANSUhEUgAAASwAAABaCAIAAAA='
    await write(terminal, `\x1b]1337;File=inline=1:${[...png, ...'A'.repeat(20_000)].join('\n')}\x07`)
    expect(appended.mock.calls.length).toBeGreaterThan(20_000)
    expect(new Set(appended.mock.contexts).size).toBe(1)
    expect(kept.mock.results.at(-1)?.value).toHaveLength(20_000 + png.length)
    expect(painted).toEqual([{ kind: 'file', data: (png + 'A'.repeat(100)).slice(0, 100) }])
    vi.restoreAllMocks()
  })
})
