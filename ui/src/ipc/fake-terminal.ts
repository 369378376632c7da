/**
 * The shell behind `fake.ts`: enough of one for browser tests and for working on the window without an engine. It echoes, runs a
 * few commands, floods within the credit it is given, and is stopped by Ctrl-C.
 *
 *     echo TEXT · printf TEXT (with \e, \a) · title TEXT · colours · wide · flood N (MiB) · exit [N] · die · size · cat ·
 *     paste on|off · bell · clear · marks · false
 */
import type { Host, TerminalEnd, TerminalSize } from './generated'

/** As the engine: at most so much is under way unacknowledged. */
const CREDIT_BYTES = 512 * 1024
const CHUNK_BYTES = 64 * 1024

export interface FakeTerminalOptions {
  host: Host
  size: TerminalSize
  output: (bytes: Uint8Array) => void
  ended: (end: TerminalEnd) => void
  /** The title was set or the bell rang: what the engine hears by itself. */
  told: (facts: { title?: string; bell?: boolean }) => void
}

declare global {
  interface Window {
    /** Every fake shell in the order of opening, for tests. */
    bowlineShells?: FakeTerminal[]
  }
}

export function openFakeTerminal(options: FakeTerminalOptions): FakeTerminal {
  const terminal = new FakeTerminal(options)
  ;(window.bowlineShells ??= []).push(terminal)
  terminal.start()
  return terminal
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Mixed output like a build log: colours, ASCII, some CJK. */
function floodChunk(): Uint8Array {
  const lines = [
    '\x1b[32mCompiling\x1b[0m bowline-core v0.1.0 (/srv/build/crates/core)\r\n',
    '\x1b[2m10.0.3.7 - - [21/Nov/2026:09:14:02]\x1b[0m "GET /api/v1/items HTTP/2" \x1b[33m429\x1b[0m 31\r\n',
    '\x1b[38;2;102;174;242mtruecolour\x1b[0m 构建完成，共 412 个文件 \x1b[1;31merror\x1b[0m: none\r\n',
    'abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ the quick brown fox jumps\r\n',
  ].join('')
  // Whole lines: what follows a flood must not end in the middle of an escape sequence.
  return encoder.encode(lines.repeat(Math.floor(CHUNK_BYTES / encoder.encode(lines).length)))
}

export class FakeTerminal {
  /** Everything the window sent, for tests that look at it byte by byte. */
  readonly received: Uint8Array[] = []
  readonly sizes: TerminalSize[] = []
  #line = ''
  #credit = CREDIT_BYTES
  #queue: Uint8Array[] = []
  #flooding = 0
  #chunk: Uint8Array | undefined
  #ended = false
  #cat = false
  /** It says where commands begin and end (OSC 133). */
  #marks = false

  readonly #plainPrompt: string

  constructor(private readonly options: FakeTerminalOptions) {
    const { host, size } = options
    this.#plainPrompt = `\x1b[32m${host.user || 'ada'}@${host.builtin ? 'bowline' : host.label || host.address}\x1b[0m:\x1b[34m~\x1b[0m$ `
    this.sizes.push(size)
  }

  get #prompt(): string {
    return this.#marks ? `\x1b]133;A\x07${this.#plainPrompt}\x1b]133;B\x07` : this.#plainPrompt
  }

  /** Bytes sent and not acknowledged. */
  get underWay(): number {
    return CREDIT_BYTES - this.#credit
  }

  start(): void {
    // Readline of today asks for bracketed pastes.
    this.say('\x1b[?2004h')
    this.say(this.#prompt)
  }

  write(bytes: Uint8Array): void {
    if (this.#ended) return
    this.received.push(bytes.slice())
    const text = decoder.decode(bytes)
    if (text.includes('\x03')) return this.#interrupt()
    if (this.#flooding > 0) return
    // eslint-disable-next-line no-control-regex -- the markers of a bracketed paste are control sequences
    for (const key of text.replace(/\x1b\[20[01]~/g, '')) this.#key(key)
  }

  ack(bytes: number): void {
    this.#credit = Math.min(CREDIT_BYTES, this.#credit + bytes)
    this.#drain()
  }

  resize(size: TerminalSize): void {
    this.sizes.push(size)
  }

  /** As the engine does it, in short. */
  reset(): void {
    this.say('\x18\x1b7\x1b[?1049l\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b[!p\x1b[?25h\x1b]104\x1b\\')
  }

  /** The window has closed it: nothing more comes. */
  close(): void {
    this.#ended = true
    this.#flooding = 0
    this.#queue = []
  }

  #end(end: TerminalEnd): void {
    if (this.#ended) return
    this.close()
    this.options.ended(end)
  }

  /** Output of a program, byte for byte. */
  say(text: string): void {
    const bytes = encoder.encode(text)
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) this.#queue.push(bytes.subarray(at, at + CHUNK_BYTES))
    this.#drain()
  }

  #drain(): void {
    for (let next = this.#queue[0]; next && next.length <= this.#credit; next = this.#queue[0]) {
      this.#queue.shift()
      this.#send(next)
    }
    while (this.#queue.length === 0 && this.#flooding > 0 && this.#credit >= CHUNK_BYTES) {
      this.#chunk ??= floodChunk()
      this.#flooding -= this.#chunk.length
      this.#send(this.#chunk)
      if (this.#flooding <= 0) this.say(`\r\n\x1b[0m${this.#prompt}`)
    }
  }

  #send(bytes: Uint8Array): void {
    this.#credit -= bytes.length
    this.options.output(bytes)
  }

  #interrupt(): void {
    this.#flooding = 0
    this.#cat = false
    this.#line = ''
    this.say(`^C\r\n\x1b[0m${this.#prompt}`)
  }

  #key(key: string): void {
    if (key === '\r' || key === '\n') {
      const line = this.#line
      this.#line = ''
      this.say('\r\n')
      this.#run(line)
    } else if (key === '\x7f') {
      if (this.#line === '') return
      this.#line = this.#line.slice(0, -1)
      this.say('\b \b')
    } else if (key === '\x04') {
      if (this.#cat) {
        this.#cat = false
        this.say(this.#prompt)
      } else this.#end({ how: 'exited', status: 0 })
    } else if (key >= ' ' || key === '\t') {
      this.#line += key
      this.say(key)
    }
  }

  #run(line: string): void {
    if (this.#cat) return this.say(`${line}\r\n`)
    const [command = '', ...rest] = line.trim().split(/\s+/)
    const argument = rest.join(' ')
    switch (command) {
      case 'exit':
        return this.#end({ how: 'exited', status: Number(argument || 0) })
      case 'die':
        return this.#end({ how: 'signalled', signal: 'KILL', coreDumped: false, message: '' })
      case 'flood':
        this.#flooding = Number(argument || 1) * 1024 * 1024
        return this.#drain()
      case 'cat':
        this.#cat = true
        return
    }
    const marked = this.#marks && command !== ''
    if (command === 'marks') this.#marks = true
    const said = this.#answer(command, argument)
    const status = command === 'false' ? 1 : 0
    this.say(marked ? `\x1b]133;C\x07${said}\x1b]133;D;${status}\x07${this.#prompt}` : `${said}${this.#prompt}`)
  }

  #answer(command: string, argument: string): string {
    const size = this.sizes.at(-1)
    switch (command) {
      case '':
      case 'marks':
      case 'false':
        return ''
      case 'echo':
        return `${argument}\r\n`
      case 'printf':
        return argument.replaceAll('\\e', '\x1b').replaceAll('\\a', '\x07')
      case 'title':
        this.options.told({ title: argument })
        return `\x1b]2;${argument}\x07`
      case 'bell':
        this.options.told({ bell: true })
        return '\x07'
      case 'clear':
        return '\x1b[H\x1b[2J'
      case 'size':
        return `${size?.cols} x ${size?.rows}\r\n`
      case 'paste':
        return argument === 'off' ? '\x1b[?2004l' : '\x1b[?2004h'
      case 'wide':
        return '宽字符：中文输入，全角标点。\r\n日本語 한국어 😀 é |\r\n'
      case 'modes':
        return '\x1b[?2026$p\x1b[4$p'
      case 'link':
        return 'https://example.org/path and \x1b]8;;https://example.com/named\x07a named link\x1b]8;;\x07\r\n'
      case 'colours':
        return colours()
      case 'numbers':
        return Array.from({ length: Number(argument || 100) }, (_, n) => `line ${n + 1}\r\n`).join('')
    }
    return `${command}: command not found\r\n`
  }
}

function colours(): string {
  const block = (n: number) => `\x1b[48;5;${n}m  \x1b[0m`
  const sixteen = Array.from({ length: 16 }, (_, n) => block(n)).join('')
  const shades = Array.from({ length: 48 }, (_, n) => `\x1b[48;2;${n * 5};${120};${255 - n * 5}m \x1b[0m`).join('')
  const text = Array.from({ length: 16 }, (_, n) => `\x1b[${n < 8 ? 30 + n : 82 + n}mtext\x1b[0m`).join(' ')
  return `${sixteen}\r\n${shades}\r\n${text}\r\n\x1b[1mbold\x1b[0m \x1b[2mdim\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munderlined\x1b[0m \x1b[7minverse\x1b[0m \x1b[9mstruck\x1b[0m\r\n`
}
