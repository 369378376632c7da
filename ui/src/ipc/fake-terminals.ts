/** The terminals of the fake engine: their shells, what they showed, and who shows them. */
import type { FakeAttachment } from './fake-attach'
import type { FakeDialer } from './fake-connect'
import type { Handlers } from './fake-handlers'
import { problem } from './fake-problem'
import type { FakeSavedHosts } from './fake-saved-hosts'
import { isSource, sourceHost, type FakeSources } from './fake-sources'
import { openFakeTerminal, type FakeTerminal } from './fake-terminal'
import type {
  EngineEvent,
  Host,
  HostId,
  Problem,
  TerminalDirectory,
  TerminalEnd,
  TerminalFacts,
  TerminalId,
  TerminalSize,
  TerminalState,
  TerminalView,
  TriggerRule,
} from './generated'

type TerminalCommand =
  | 'terminal_resize'
  | 'terminal_reset'
  | 'terminal_ack'
  | 'terminal_close'
  | 'terminal_detach'
  | 'terminal_reopen'
  | 'terminal_clear'
  | 'terminal_scrollback'
  | 'terminal_pictures'
  | 'terminal_words'
  | 'terminal_directory'
  | 'terminal_transcript'
  | 'terminal_record'
  | 'trigger_rules'
  | 'trigger_check'
  | 'playback'

interface OpenTerminal {
  host: HostId
  state: TerminalState
  facts: TerminalFacts
  page: FakeAttachment
  shell: FakeTerminal | null
  /** Starts a shell, also anew on a connection that is back. */
  run: () => void
  typedEarly: Uint8Array[]
}

/** As the engine begins a shell below another one: out of what a program may have left behind. */
const AFRESH = '\x18\x1b7\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[!p\x1b[?25h\r\n'

export class FakeTerminals {
  /** The rules that the window has set. */
  triggers: TriggerRule[] = []
  /** Where the shells of terminals are, as a test says. */
  readonly directories = new Map<TerminalId, string>()
  readonly #open = new Map<TerminalId, OpenTerminal>()
  #next: TerminalId = 1

  constructor(
    private readonly emit: (event: EngineEvent) => void,
    private readonly hosts: FakeSavedHosts,
    private readonly dialer: FakeDialer,
    private readonly sources: FakeSources,
    private readonly canRemember: () => boolean,
  ) {}

  views(): TerminalView[] {
    return [...this.#open].map(([id, entry]) => ({ id, hostId: entry.host, ...entry.state, ...entry.facts }))
  }

  pages(): FakeAttachment[] {
    return [...this.#open.values()].map(({ page }) => page)
  }

  open(hostId: HostId, size: TerminalSize, page: FakeAttachment): TerminalId {
    const host = this.#hostOf(hostId)
    const id = this.#next++
    const run = (): void => {
      entry.state = { state: 'running' }
      entry.facts = { ...entry.facts, title: '' }
      entry.shell = openFakeTerminal({
        host,
        size,
        output: (bytes) => {
          page.say(bytes)
          // Without a page nothing waits for credit.
          if (!page.attached) setTimeout(() => entry.shell?.ack(bytes.length))
        },
        ended: (end) => this.end(id, end),
        told: (facts) => {
          entry.facts = { title: facts.title ?? entry.facts.title, bells: entry.facts.bells + (facts.bell ? 1 : 0) }
          this.#show(id, entry)
        },
      })
      entry.typedEarly.splice(0).forEach((bytes) => entry.shell?.write(bytes))
      this.#show(id, entry)
      this.#count(host.id)
    }
    const facts = { title: '', bells: 0 }
    const entry: OpenTerminal = { host: host.id, state: { state: 'opening' }, facts, page, shell: null, run, typedEarly: [] }
    this.#open.set(id, entry)
    this.#dial(id, entry, host)
    return id
  }

  attach(id: TerminalId, size: TerminalSize | null, onOutput: (bytes: Uint8Array) => void): number {
    const entry = this.#find(id)
    if (size) entry.shell?.resize(size)
    return entry.page.attach(onOutput, size)
  }

  write(id: TerminalId, bytes: Uint8Array): void {
    const entry = this.#find(id)
    if (entry.shell) entry.shell.write(bytes)
    else entry.typedEarly.push(bytes.slice())
  }

  end(id: TerminalId, end: TerminalEnd): void {
    const entry = this.#open.get(id)
    if (!entry || entry.state.state === 'ended') return
    entry.state = { state: 'ended', end }
    entry.shell?.close()
    entry.shell = null
    this.sources.end(id)
    this.#show(id, entry)
    this.#count(entry.host)
  }

  endAllOn(host: HostId): void {
    for (const [id, entry] of this.#open) if (entry.host === host) this.end(id, { how: 'closed' })
  }

  /** What a connection that comes and goes does to its terminals. */
  follow(host: HostId, news: 'lost' | 'back' | 'given-up', failure: Problem): void {
    for (const [id, entry] of this.#open) if (entry.host === host) this.#follow(id, entry, news, failure)
  }

  #follow(id: TerminalId, entry: OpenTerminal, news: 'lost' | 'back' | 'given-up', failure: Problem): void {
    if (entry.state.state === 'ended') return
    if (news === 'lost') {
      entry.shell?.close()
      entry.shell = null
      entry.state = { state: 'waiting', problem: failure, sinceMs: Date.now() }
      this.#show(id, entry)
    } else if (news === 'back') {
      if (entry.state.state === 'waiting') entry.run()
    } else this.end(id, { how: 'failed', problem: failure })
  }

  #find(id: TerminalId): OpenTerminal {
    const entry = this.#open.get(id)
    if (!entry) throw problem('terminal-not-found')
    return entry
  }

  #hostOf(id: HostId): Host {
    return isSource(id) ? sourceHost(id) : this.hosts.find(id)
  }

  #show(id: TerminalId, entry: OpenTerminal): void {
    this.emit({ type: 'terminal', data: { id, hostId: entry.host, ...entry.state, ...entry.facts } })
  }

  #count(host: HostId): void {
    if (isSource(host)) return
    const open = [...this.#open.values()].filter((entry) => entry.host === host && entry.state.state !== 'ended')
    this.dialer.countTerminals(host, open.length)
  }

  #dial(id: TerminalId, entry: OpenTerminal, host: Host): void {
    entry.state = { state: 'opening' }
    const reached = isSource(host.id)
      ? Promise.resolve().then(() => this.sources.start(id, host.id))
      : this.dialer.connect(host, this.canRemember())
    void reached.then(
      () => entry.state.state !== 'ended' && entry.run(),
      (failure: Problem) => this.end(id, { how: 'failed', problem: failure }),
    )
    setTimeout(() => entry.state.state === 'opening' && this.#show(id, entry))
  }

  #directory(id: TerminalId): TerminalDirectory | null {
    const { host } = this.#find(id)
    if (isSource(host)) return null
    const path = this.directories.get(id) ?? '/home/ada'
    return { hostId: host, path, shown: path }
  }

  readonly handlers: Handlers<TerminalCommand> = {
    terminal_resize: ({ id, size }) => {
      this.#open.get(id)?.shell?.resize(size)
      return null
    },
    terminal_reset: ({ id }) => {
      this.#open.get(id)?.shell?.reset()
      return null
    },
    terminal_ack: ({ id, bytes }) => {
      this.#open.get(id)?.shell?.ack(bytes)
      return null
    },
    terminal_close: ({ id }) => {
      this.end(id, { how: 'closed' })
      this.#open.delete(id)
      return null
    },
    terminal_detach: ({ id, attachment }) => {
      this.#open.get(id)?.page.detach(attachment)
      return null
    },
    terminal_reopen: ({ id }) => {
      const entry = this.#find(id)
      entry.page.say(new TextEncoder().encode(AFRESH))
      this.#dial(id, entry, this.#hostOf(entry.host))
      return null
    },
    terminal_clear: () => null,
    terminal_scrollback: () => null,
    terminal_pictures: () => null,
    terminal_words: () => null,
    terminal_directory: ({ id }) => this.#directory(id),
    terminal_transcript: ({ id, on }) => {
      this.sources.capture(id, 'transcript', on)
      return null
    },
    terminal_record: ({ id, on }) => {
      this.sources.capture(id, 'recording', on)
      return null
    },
    playback: ({ id, command }) => {
      this.sources.command(id, command)
      return null
    },
    trigger_rules: ({ rules }) => {
      this.triggers = rules
      return null
    },
    trigger_check: ({ pattern }) => {
      if (pattern === 'unusable') throw problem('pattern-unusable', { cause: 'it is too large' })
      return null
    },
  }
}
