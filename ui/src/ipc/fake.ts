/**
 * A believable engine in memory, for browser tests and for working on the window without an app. What a host does is in
 * its address: `unknown` asks about its host key, `changed` shows another one, `password` refuses the word "wrong",
 * `passphrase`, `interactive`, `security-key`, `by-command` and `add-to-agent` ask for theirs; `refused-key` takes no key; `nowhere`,
 * `refused`, `silent` and `not-ssh` fail to be reached.
 */
import type { Backend, CommandName, Preferences, Stop } from './backend'
import { checkDraft } from './fake-check'
import { FakeAttachment } from './fake-attach'
import { FakeDialer } from './fake-connect'
import { FAKE_HOSTS, importCandidates, LINKED_HOSTS, manyHosts } from './fake-hosts'
import { FakeKeys } from './fake-keys'
import { problem } from './fake-problem'
import { FakeSources, isSource, sourceHost } from './fake-sources'
import { fakeSnippets } from './fake-snippets'
import { openFakeTerminal, type FakeTerminal } from './fake-terminal'
import { FakeTimeline } from './fake-timeline'
import { fakeTrust } from './fake-trust'
import type {
  Commands,
  ConnectionView,
  EngineEvent,
  Host,
  HostDraft,
  HostId,
  HostList,
  KeyringState,
  Overview,
  Problem,
  StoreNotice,
  TerminalEnd,
  TerminalId,
  TerminalSize,
  TerminalState,
  TerminalFacts,
  TestProgress,
  TimelineEvent,
  Workspace,
} from './generated'

export interface FakeOptions {
  /** `none` is the first run; `few` a day at work; `many` has hundreds. */
  hosts?: 'none' | 'few' | 'many'
  keyring?: KeyringState
  storeNotices?: StoreNotice[]
  importable?: boolean
  /** With hosts of ssh_config. */
  linked?: boolean
  /** What was open when the app ended last. */
  last?: Workspace
  preferences?: { load(): Preferences; save(preferences: Preferences): void }
}

type Handlers = {
  [Name in CommandName]: (args: Commands[Name]['args']) => Commands[Name]['result'] | Promise<Commands[Name]['result']>
}

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

const BUILTIN: Host = {
  id: 'builtin',
  builtin: true,
  hasPassword: false,
  linked: null,
  label: 'Built-in host',
  group: '',
  address: '127.0.0.1',
  port: 22,
  user: '',
  auth: 'automatic',
  keyPath: '',
}

/** As the engine begins a shell below another one: out of what a program may have left behind. */
const AFRESH = '\x18\x1b7\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[!p\x1b[?25h\r\n'

function inMemory(): NonNullable<FakeOptions['preferences']> {
  let kept: Preferences = {}
  return { load: () => kept, save: (preferences) => (kept = structuredClone(preferences)) }
}

export function createFake(options: FakeOptions = {}) {
  const listeners = new Set<(event: EngineEvent) => void>()
  const menuListeners = new Set<(action: string) => void>()
  const preferences = options.preferences ?? inMemory()
  const seeded = options.hosts === 'many' ? manyHosts() : options.hosts === 'few' ? FAKE_HOSTS : []
  let hosts: Host[] = structuredClone([BUILTIN, ...seeded, ...(options.linked ? LINKED_HOSTS : [])])
  let deleted: Host[] = []
  let nextHost = 1
  let nextTerminal: TerminalId = 1
  let clipboard = ''
  const terminals = new Map<TerminalId, OpenTerminal>()
  const candidates = options.importable === false ? [] : importCandidates()
  const opened: string[] = []
  const trust = fakeTrust()
  const keys = new FakeKeys(options.hosts === 'few')
  const retried: HostId[] = []
  let healthAsked = 0
  let workspace: Workspace | null = null
  let last = options.last ?? null

  const emit = (event: EngineEvent): void => listeners.forEach((listener) => listener(event))
  const timeline = new FakeTimeline(emit)
  const dialer = new FakeDialer(emit, timeline, (host, news, problem) => {
    for (const [id, entry] of terminals) if (entry.host === host) follow(id, entry, news, problem)
  })
  const sources = new FakeSources(emit)
  const notified: { title: string; body: string }[] = []
  const ready: KeyringState = { state: 'ready' }
  let keyring = options.keyring ?? ready

  function list(): HostList {
    const shown = [...hosts].sort(
      (a, b) =>
        Number(b.builtin) - Number(a.builtin) ||
        a.group.localeCompare(b.group) ||
        (a.label || a.address).localeCompare(b.label || b.address),
    )
    const groups = [
      ...new Set(
        shown
          .filter((host) => !host.linked)
          .map((host) => host.group)
          .filter(Boolean),
      ),
    ]
    return { hosts: shown, groups }
  }

  function changed(): void {
    emit({ type: 'hosts', data: list() })
  }

  function find(id: HostId): Host {
    const host = hosts.find((other) => other.id === id)
    if (!host) throw problem('host-not-found', { host: id })
    return host
  }

  function put(host: Host): Host {
    hosts = [...hosts.filter((other) => other.id !== host.id), host]
    changed()
    return structuredClone(host)
  }

  function accepted(draft: HostDraft): HostDraft {
    const [first] = checkDraft(draft)
    if (first) throw problem('host-invalid', { field: first.field, reason: first.problem })
    return draft
  }

  const showTerminal = (id: TerminalId, entry: OpenTerminal): void =>
    emit({ type: 'terminal', data: { id, hostId: entry.host, ...entry.state, ...entry.facts } })

  function endTerminal(id: TerminalId, end: TerminalEnd): void {
    const entry = terminals.get(id)
    if (!entry || entry.state.state === 'ended') return
    entry.state = { state: 'ended', end }
    entry.shell?.close()
    entry.shell = null
    sources.end(id)
    showTerminal(id, entry)
    if (isSource(entry.host)) return
    dialer.countTerminals(entry.host, running(entry.host))
  }

  /** What a connection that comes and goes does to its terminals. */
  function follow(id: TerminalId, entry: OpenTerminal, news: 'lost' | 'back' | 'given-up', failure: Problem): void {
    if (entry.state.state === 'ended') return
    if (news === 'lost') {
      entry.shell?.close()
      entry.shell = null
      entry.state = { state: 'waiting', problem: failure, sinceMs: Date.now() }
      showTerminal(id, entry)
    } else if (news === 'back') {
      if (entry.state.state === 'waiting') entry.run()
    } else endTerminal(id, { how: 'failed', problem: failure })
  }

  const running = (host: HostId): number =>
    [...terminals.values()].filter((entry) => entry.host === host && entry.state.state !== 'ended').length

  const terminalViews = () => [...terminals].map(([id, entry]) => ({ id, hostId: entry.host, ...entry.state, ...entry.facts }))

  function dial(id: TerminalId, entry: OpenTerminal, host: Host): void {
    entry.state = { state: 'opening' }
    const reached = isSource(host.id)
      ? Promise.resolve().then(() => sources.start(id, host.id))
      : dialer.connect(host, keyring.state === 'ready')
    void reached.then(
      () => entry.state.state !== 'ended' && entry.run(),
      (failure: Problem) => endTerminal(id, { how: 'failed', problem: failure }),
    )
    setTimeout(() => entry.state.state === 'opening' && showTerminal(id, entry))
  }

  function openTerminal(host: Host, size: TerminalSize, page: FakeAttachment): TerminalId {
    const id = nextTerminal++
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
        ended: (end) => endTerminal(id, end),
        told: (facts) => {
          entry.facts = { title: facts.title ?? entry.facts.title, bells: entry.facts.bells + (facts.bell ? 1 : 0) }
          showTerminal(id, entry)
        },
      })
      entry.typedEarly.splice(0).forEach((bytes) => entry.shell?.write(bytes))
      showTerminal(id, entry)
      if (!isSource(host.id)) dialer.countTerminals(host.id, running(host.id))
    }
    const facts = { title: '', bells: 0 }
    const entry: OpenTerminal = { host: host.id, state: { state: 'opening' }, facts, page, shell: null, run, typedEarly: [] }
    terminals.set(id, entry)
    dial(id, entry, host)
    return id
  }

  const handlers: Handlers = {
    overview: (): Overview => ({
      version: '0.1.0',
      platform: 'linux',
      localUser: 'ada',
      hosts: list(),
      connections: dialer.views(),
      terminals: terminalViews(),
      captures: sources.captures(),
      playbacks: sources.playbacks(),
      shells: [],
      transfers: [],
      timeline: timeline.entries(),
      prompts: dialer.prompts(),
      storeNotices: options.storeNotices ?? [],
      keyring,
      importable: candidates.filter((candidate) => !isSaved(candidate.alias)).length,
    }),
    hosts: list,
    host_check: ({ draft }) => checkDraft(draft),
    host_create: ({ draft, password }) =>
      put({ ...accepted(draft), id: `host-${nextHost++}`, builtin: false, hasPassword: password.kind === 'set', linked: null }),
    host_update: ({ id, draft, password }) => {
      const had = find(id).hasPassword
      const hasPassword = password.kind === 'keep' ? had : password.kind === 'set'
      return put({ ...accepted(draft), id, builtin: false, hasPassword, linked: null })
    },
    host_duplicate: ({ id }) => {
      const host = find(id)
      return put({ ...host, id: `host-${nextHost++}`, builtin: false, label: `${host.label || host.address} (2)` })
    },
    host_delete: ({ id }) => {
      deleted = [...deleted, find(id)]
      hosts = hosts.filter((host) => host.id !== id)
      changed()
      return null
    },
    host_restore: ({ id }) => {
      const host = deleted.find((other) => other.id === id)
      if (!host) throw problem('host-not-found', { host: id })
      return put(host)
    },
    group_rename: ({ from, to }) => {
      hosts = hosts.map((host) => (host.group === from ? { ...host, group: to } : host))
      changed()
      return null
    },
    host_move: ({ id, group }) => put({ ...find(id), group }),
    import_preview: () => ({
      path: '/home/ada/.ssh/config',
      candidates: candidates.map((candidate) => ({ ...candidate, saved: isSaved(candidate.alias) })),
      problems: candidates.length > 0 ? ['line 31: missing argument'] : [],
    }),
    import_apply: ({ aliases }) =>
      candidates
        .filter((candidate) => aliases.includes(candidate.alias))
        .map(({ draft }) => put({ ...draft, id: `host-${nextHost++}`, builtin: false, hasPassword: false, linked: null })),
    keys_list: () => keys.all(),
    key_generate: (args) => keys.generate(args),
    key_install: ({ host, path }) => keys.install(find(host), path),
    prompt_answer: ({ id, answer }) => {
      dialer.answer(id, answer)
      return null
    },
    terminal_resize: ({ id, size }) => {
      terminals.get(id)?.shell?.resize(size)
      return null
    },
    terminal_reset: ({ id }) => {
      terminals.get(id)?.shell?.reset()
      return null
    },
    terminal_ack: ({ id, bytes }) => {
      terminals.get(id)?.shell?.ack(bytes)
      return null
    },
    terminal_close: ({ id }) => {
      endTerminal(id, { how: 'closed' })
      terminals.delete(id)
      return null
    },
    terminal_detach: ({ id, attachment }) => {
      terminals.get(id)?.page.detach(attachment)
      return null
    },
    terminal_reopen: ({ id }) => {
      const entry = terminals.get(id)
      if (!entry) throw problem('terminal-not-found')
      entry.page.say(new TextEncoder().encode(AFRESH))
      dial(id, entry, isSource(entry.host) ? sourceHost(entry.host) : find(entry.host))
      return null
    },
    terminal_clear: () => null,
    terminal_scrollback: () => null,
    terminal_bring_back: ({ host, kept, size }) => {
      const page = new FakeAttachment(null)
      if (kept === 'damaged') return { terminal: openTerminal(find(host), size, page), scrollback: 'lost' }
      if (kept !== null) page.say(new TextEncoder().encode('$ make\r\nall done\r\n──── ↻ 2026-11-21 15:04 ────\r\n'))
      return { terminal: openTerminal(find(host), size, page), scrollback: kept === null ? 'none' : 'back' }
    },
    workspace: () => ({ current: workspace, terminals: terminalViews(), last }),
    workspace_save: (args) => {
      workspace = args.workspace
      return null
    },
    workspace_keep: ({ keep }) => {
      if (!keep) last = null
      return null
    },
    workspace_forget_last: () => {
      last = null
      return null
    },
    host_disconnect: ({ id }) => {
      for (const [terminal, entry] of terminals) if (entry.host === id) endTerminal(terminal, { how: 'closed' })
      dialer.disconnect(id)
      return null
    },
    host_health: ({ id }) => {
      healthAsked++
      return dialer.lanes(id)
    },
    host_retry: ({ id }) => {
      retried.push(id)
      dialer.retry(find(id))
      return null
    },
    host_give_up: ({ id }) => {
      dialer.giveUp(id)
      return null
    },
    host_test_cancel: () => {
      dialer.cancelTest()
      return null
    },
    terminal_transcript: ({ id, on }) => {
      sources.capture(id, 'transcript', on)
      return null
    },
    terminal_record: ({ id, on }) => {
      sources.capture(id, 'recording', on)
      return null
    },
    playback: ({ id, command }) => {
      sources.command(id, command)
      return null
    },
    transfer_pick_folder: () => '/home/ada/Downloads',
    transfer_pick_files: () => 2,
    transfer_cancel: ({ id }) => {
      emit({ type: 'transfer', data: { id, phase: 'failed', direction: 'receive', cause: null, files: 0 } })
      return null
    },
    capture_folder: () => '/home/ada/Documents/Bowline',
    pick_recording: () => '/home/ada/Documents/Bowline/web-01-20261121-101500.cast',
    pick_capture_folder: () => '/home/ada/Documents/Bowline',
    reveal_capture_folder: () => {
      opened.push('capture-folder')
      return null
    },
    ...fakeSnippets(),
    trusted_keys: trust.trusted_keys,
    trusted_key_remove: trust.trusted_key_remove,
    trusted_key_restore: trust.trusted_key_restore,
    pick_key_file: () => '~/.ssh/id_ed25519',
    timeline_save: () => '/home/ada/bowline-timeline.jsonl',
    notify: (notification) => {
      notified.push(notification)
      return null
    },
    open_link: ({ url }) => {
      if (!/^https?:/.test(url) || new URL(url).username !== '') throw problem('link-refused', { url })
      opened.push(url)
      return null
    },
    font_families: () => ['DejaVu Sans Mono', 'Fira Code', 'Noto Sans Mono CJK SC'],
    screen_reader_running: () => false,
    reveal_data_folder: () => {
      opened.push('data-folder')
      return null
    },
    menu_language: () => null,
    terminal_words: () => null,
    menu_visible: () => null,
  }

  function isSaved(alias: string): boolean {
    return hosts.some((host) => !host.linked && host.label === alias)
  }

  const backend: Backend = {
    async call<Name extends CommandName>(name: Name, args: Commands[Name]['args']) {
      // As over the real bridge: nothing is shared, and the answer never comes in the same turn.
      await Promise.resolve()
      const handle: Handlers[Name] = handlers[name]
      return structuredClone(await handle(structuredClone(args)))
    },
    onEvent(listener): Promise<Stop> {
      listeners.add(listener)
      return Promise.resolve(() => void listeners.delete(listener))
    },
    async openTerminal(hostId, size, onOutput) {
      const host = isSource(hostId) ? sourceHost(hostId) : find(hostId)
      const id = openTerminal(host, size, new FakeAttachment(onOutput))
      await Promise.resolve()
      return id
    },
    async attachTerminal(id, size, onOutput) {
      await Promise.resolve()
      const entry = terminals.get(id)
      if (!entry) throw problem('terminal-not-found')
      entry.shell?.resize(size)
      return entry.page.attach(onOutput)
    },
    async writeTerminal(id, bytes) {
      await Promise.resolve()
      const entry = terminals.get(id)
      if (!entry) throw problem('terminal-not-found')
      if (entry.shell) entry.shell.write(bytes)
      else entry.typedEarly.push(bytes.slice())
    },
    async testHost(id, draft, password, onProgress: (progress: TestProgress) => void) {
      accepted(draft)
      const kept = id !== null && find(id).hasPassword && password.kind === 'keep'
      await dialer.test(draft, kept || password.kind === 'set', onProgress)
    },
    loadPreferences: () => Promise.resolve(preferences.load()),
    savePreferences: (next) => Promise.resolve(preferences.save(next)),
    readClipboard: () => Promise.resolve(clipboard),
    writeClipboard: (text) => Promise.resolve(void (clipboard = text)),
    onMenu(listener) {
      menuListeners.add(listener)
      return Promise.resolve(() => void menuListeners.delete(listener))
    },
    setTitle: (title) => Promise.resolve(void (document.title = title)),
    setTheme: () => Promise.resolve(),
  }

  /** What a test can do besides: be the server, the network or the menu. */
  const controls = {
    emit,
    /** Chooses an item of the native menu. */
    menu: (action: string) => menuListeners.forEach((listener) => listener(action)),
    /** Shows a state and figures of a connection as they are given. */
    connection: (hostId: HostId, change: Partial<ConnectionView>) => dialer.set(hostId, change),
    /** The network goes away under a host: its terminals wait, and tries fail until it is healed. */
    lose: (hostId: HostId, failure: Problem, retryInMs?: number) => dialer.lose(hostId, failure, retryInMs),
    heal: (hostId: HostId) => dialer.heal(hostId),
    /** Notes something in the timeline, also of another moment. */
    note: (hostId: HostId | null, what: TimelineEvent, atMs?: number, lastedMs?: number) =>
      timeline.note(hostId, what, atMs, lastedMs),
    /** Hosts for which the window asked to try now. */
    retried,
    notified,
    /** How often the window asked how a connection is doing. */
    healthAsked: () => healthAsked,
    endTerminal,
    /** The disk is full under what a terminal is written to. */
    failCapture: (id: TerminalId) => sources.fail(id),
    setKeyring: (state: KeyringState) => (keyring = state),
    setClipboard: (text: string) => (clipboard = text),
    clipboard: () => clipboard,
    opened,
    editKnownHosts: trust.forget,
    hosts: () => structuredClone(hosts),
    workspace: () => structuredClone(workspace),
    /** How many terminals are shown by the page, seen or not. */
    attached: () => [...terminals.values()].filter(({ page }) => page.attached).length,
  }

  return { ...backend, controls }
}

export type Fake = ReturnType<typeof createFake>
