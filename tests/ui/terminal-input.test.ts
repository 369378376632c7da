import { describe, expect, it } from 'vitest'
import { binaryBytes, CALL_BYTES, InputPump, QUEUE_BYTES, textBytes } from '../../ui/src/terminal/input'

/** An engine that takes each call when it is told to. */
function slowEngine() {
  const calls: Uint8Array[] = []
  let take = () => {}
  let refuse = () => {}
  const pump = new InputPump((bytes) => {
    calls.push(bytes)
    return new Promise((resolve, reject) => {
      take = resolve
      refuse = () => reject(new Error('gone'))
    })
  })
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return {
    pump,
    calls,
    texts: () => calls.map((bytes) => new TextDecoder().decode(bytes)),
    async taken() {
      take()
      await settle()
    },
    async refused() {
      refuse()
      await settle()
    },
    /** Lets it take everything. */
    async drain() {
      for (let before = -1; before !== calls.length;) {
        before = calls.length
        await this.taken()
      }
      return calls
    },
  }
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)
const total = (parts: Uint8Array[]) => parts.reduce((sum, part) => sum + part.length, 0)

describe('the input pump', () => {
  it('sends nothing before the shell runs, and then what was typed meanwhile in one call', () => {
    const { pump, texts } = slowEngine()
    pump.type(textBytes('l'))
    pump.type(textBytes('s\r'))
    expect(texts()).toEqual([])
    pump.start()
    expect(texts()).toEqual(['ls\r'])
  })

  it('has one call in flight and joins what comes meanwhile, in order', async () => {
    const { pump, texts, taken } = slowEngine()
    pump.start()
    pump.type(textBytes('a'))
    pump.type(textBytes('b'))
    pump.type(textBytes('中'))
    expect(texts()).toEqual(['a'])
    await taken()
    expect(texts()).toEqual(['a', 'b中'])
    await taken()
    pump.type(textBytes('d'))
    expect(texts()).toEqual(['a', 'b中', 'd'])
  })

  it('cuts a paste into calls and keeps every byte in its place', async () => {
    const engine = slowEngine()
    engine.pump.start()
    const paste = Uint8Array.from({ length: 3 * QUEUE_BYTES + 17 }, (_, n) => n % 251)
    void engine.pump.paste(paste)
    const calls = await engine.drain()
    expect(Math.max(...calls.map((call) => call.length))).toBe(CALL_BYTES)
    expect(Buffer.concat(calls).equals(Buffer.from(paste))).toBe(true)
  })

  it('lets a paste wait outside when the queue is full, and keys typed after it stay behind it', async () => {
    const engine = slowEngine()
    engine.pump.start()
    let taken = false
    void engine.pump.paste(bytes(2 * QUEUE_BYTES, 1)).then(() => (taken = true))
    await Promise.resolve()
    expect(taken).toBe(false)
    expect(engine.pump.type(bytes(3, 2))).toBe(true)
    const all = Buffer.concat(await engine.drain())
    expect(taken).toBe(true)
    expect(all.length).toBe(2 * QUEUE_BYTES + 3)
    expect([...all.subarray(-4)]).toEqual([1, 2, 2, 2])
  })

  it('refuses keys when the server has taken nothing for a whole queue, and takes them again later', async () => {
    const engine = slowEngine()
    engine.pump.start()
    engine.pump.type(bytes(1, 0))
    expect(engine.pump.type(bytes(QUEUE_BYTES, 1))).toBe(true)
    expect(engine.pump.type(bytes(1, 2))).toBe(false)
    await engine.taken()
    expect(engine.pump.type(bytes(1, 3))).toBe(true)
    const calls = await engine.drain()
    expect(total(calls)).toBe(QUEUE_BYTES + 2)
    expect(calls.at(-1)?.at(-1)).toBe(3)
  })

  it('drops what is left and lets waiting pastes go when it stops or the engine refuses', async () => {
    const engine = slowEngine()
    engine.pump.start()
    const paste = engine.pump.paste(bytes(4 * QUEUE_BYTES, 1))
    await engine.refused()
    await paste
    expect(engine.pump.type(bytes(1, 2))).toBe(false)
    expect(engine.calls).toHaveLength(1)
  })

  it('hands binary mouse reports over as single bytes', () => {
    expect([...binaryBytes('\x1b[M\xff\x20')]).toEqual([0x1b, 0x5b, 0x4d, 0xff, 0x20])
  })
})
