/** The engine's screen, as the program beside this file that is fed like a terminal (`engine.rs`). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const TARGET = process.env['CARGO_TARGET_DIR'] ?? join(import.meta.dirname, '../../target')
const PROGRAM = join(TARGET, 'debug/examples/screen')

export interface Size {
  cols: number
  rows: number
}

export class EngineScreen {
  readonly #child
  #received = Buffer.alloc(0)
  #arrived: () => void = () => {}

  constructor() {
    if (!existsSync(PROGRAM)) throw new Error('It is not built: cargo build --package bowline-tests --example screen')
    this.#child = spawn(PROGRAM, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#arrived()
    })
  }

  /** Begins anew. */
  begin(size: Size): void {
    this.#send('n', sizeBytes(size))
  }

  feed(bytes: Uint8Array): void {
    this.#send('f', bytes)
  }

  resize(size: Size): void {
    this.#send('r', sizeBytes(size))
  }

  snapshot(): Promise<Buffer> {
    return this.#ask('s')
  }

  /** What it answered since the last time, and what it would ask the window. */
  async answers(): Promise<{ own: string; asked: string[] }> {
    const parts = (await this.#ask('q')).toString().split('\0')
    return { own: parts.filter((_, at) => at % 2 === 0).join(''), asked: parts.filter((_, at) => at % 2 === 1) }
  }

  async end(): Promise<void> {
    this.#child.stdin.end()
    await once(this.#child, 'exit')
  }

  #send(letter: string, bytes: Uint8Array): void {
    const head = Buffer.alloc(5)
    head.write(letter)
    head.writeUInt32LE(bytes.length, 1)
    this.#child.stdin.write(Buffer.concat([head, bytes]))
  }

  async #ask(letter: string): Promise<Buffer> {
    this.#send(letter, Buffer.alloc(0))
    while (this.#received.length < 4 || this.#received.length < 4 + this.#received.readUInt32LE(0)) {
      if (this.#child.exitCode !== null) throw new Error(`The engine's screen ended with ${this.#child.exitCode}`)
      await new Promise<void>((resolve) => (this.#arrived = resolve))
    }
    const end = 4 + this.#received.readUInt32LE(0)
    const answer = this.#received.subarray(4, end)
    this.#received = this.#received.subarray(end)
    return answer
  }
}

function sizeBytes({ cols, rows }: Size): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(cols, 0)
  bytes.writeUInt16LE(rows, 2)
  return bytes
}
