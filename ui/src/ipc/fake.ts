/**
 * A believable engine in memory, for browser tests and for working on the window without an app. What a host does is in
 * its address: `unknown` asks about its host key, `changed` shows another one, `password` refuses the word "wrong",
 * `passphrase`, `interactive`, `security-key`, `by-command` and `add-to-agent` ask for theirs; `refused-key` takes no key; `nowhere`,
 * `refused`, `silent` and `not-ssh` fail to be reached.
 */
import { MAIN_WINDOW, type Backend, type CommandName, type FileDrag, type Preferences, type Stop } from './backend'
import { FakeAttachment } from './fake-attach'
import { FakeDialer } from './fake-connect'
import { FakeDesktop, type PreferencesFile } from './fake-desktop'
import { fakeEdits, type FakeDrafts } from './fake-edit'
import { FakeExternals } from './fake-externals'
import { FakeFiles } from './fake-files'
import type { Handlers } from './fake-handlers'
import { FakeJobs } from './fake-jobs'
import { FakeKeys } from './fake-keys'
import { FakeLinks } from './fake-links'
import { FakePipes } from './fake-pipes'
import { FakeRuns } from './fake-runs'
import { FakeSavedHosts, type SavedHostsOptions } from './fake-saved-hosts'
import { fakeSnippets } from './fake-snippets'
import { FakeSources } from './fake-sources'
import { FakeSyncs } from './fake-syncs'
import { FakeTerminals } from './fake-terminals'
import { FakeTimeline } from './fake-timeline'
import { fakeTrust } from './fake-trust'
import { FakeTunnels } from './fake-tunnels'
import { FakeWindows } from './fake-windows'
import type {
  Commands,
  ConnectionTimes,
  ConnectionView,
  EngineEvent,
  HostId,
  KeyringState,
  Overview,
  Problem,
  StoreNotice,
  TerminalEnd,
  TerminalId,
  TestProgress,
  TimelineEvent,
  WindowId,
  Workspace,
} from './generated'

export interface FakeOptions extends SavedHostsOptions {
  keyring?: KeyringState
  /** It asks the person to unlock it, and says nothing until a test does so. */
  keyringAsks?: boolean
  storeNotices?: StoreNotice[]
  /** What was open when the app ended last. */
  last?: Workspace
  preferences?: PreferencesFile
  /** The engine is busy as it starts: it says what runs after this, and which terminal was opened after three times as long. */
  busyMs?: number
  /** Which window the page is in; one that a tab was torn off into has a terminal on this host. */
  window?: { id: WindowId; host: HostId }
}

export function createFake(options: FakeOptions = {}) {
  const listeners = new Set<(event: EngineEvent) => void>()
  const retried: HostId[] = []
  let healthAsked = 0
  let connectionTimes: ConnectionTimes | undefined
  let last = options.last ?? null
  const ready: KeyringState = { state: 'ready' }
  let keyring = options.keyring ?? ready
  let unlock = (): void => {}
  const unlocked = options.keyringAsks ? new Promise<void>((resolve) => (unlock = resolve)) : Promise.resolve()
  const busy = (times: number) =>
    new Promise<void>((resolve) => (options.busyMs ? setTimeout(resolve, options.busyMs * times) : resolve()))

  const emit = (event: EngineEvent): void => listeners.forEach((listener) => listener(event))
  const hosts = new FakeSavedHosts(emit, options)
  const timeline = new FakeTimeline(emit)
  const dialer = new FakeDialer(emit, timeline, (host, news, problem) => terminals.follow(host, news, problem))
  const sources = new FakeSources(emit)
  const terminals = new FakeTerminals(emit, hosts, dialer, sources, () => keyring.state === 'ready')
  const windows = new FakeWindows(options.window?.id ?? MAIN_WINDOW, emit)
  const desktop = new FakeDesktop(options.preferences)
  const trust = fakeTrust()
  const keys = new FakeKeys(options.hosts === 'few')
  const jobs = new FakeJobs(emit)
  const syncs = new FakeSyncs()
  const tunnels = new FakeTunnels(emit)
  const links = new FakeLinks(emit)
  const pipes = new FakePipes(emit)
  const runs = new FakeRuns(emit, (id) => hosts.list().hosts.find((host) => host.id === id)?.label)
  const files = new FakeFiles()
  const drafts: FakeDrafts = new Map()
  const externals = new FakeExternals(files, (edits) => emit({ type: 'external-edits', data: edits }))

  const handlers: Handlers = {
    overview: (): Overview => ({
      version: '0.1.0',
      platform: 'linux',
      localUser: 'ada',
      hosts: hosts.list(),
      connections: dialer.views(),
      terminals: terminals.views(),
      captures: sources.captures(),
      playbacks: sources.playbacks(),
      shells: [],
      transfers: [],
      jobs: jobs.view(),
      externalEdits: externals.all,
      tunnels: tunnels.view(),
      links: links.view(),
      pipes: pipes.view(),
      runs: runs.views(),
      timeline: timeline.entries(),
      windows: windows.view(),
      prompts: dialer.prompts(),
      storeNotices: options.storeNotices ?? [],
      keyring,
      importable: hosts.importable(),
    }),
    keys_list: () => keys.all(),
    key_generate: (args) => keys.generate(args),
    key_install: ({ host, path }) => keys.install(hosts.find(host), path),
    prompt_answer: ({ id, answer }) => {
      dialer.answer(id, answer)
      return null
    },
    connection_times: ({ times }) => {
      connectionTimes = times
      return null
    },
    terminal_bring_back: async ({ host, kept, size }) => {
      if (kept !== null) await unlocked
      if (kept !== null && keyring.state !== 'ready') throw keyring.problem
      const page = new FakeAttachment(null)
      if (kept === 'damaged') return { terminal: terminals.open(host, size, page), scrollback: 'lost' }
      if (kept !== null) page.say(new TextEncoder().encode('$ make\r\nall done\r\n──── ↻ 2026-11-21 15:04 ────\r\n'))
      return { terminal: terminals.open(host, size, page), scrollback: kept === null ? 'none' : 'back' }
    },
    workspace: async ({ window }) => {
      await busy(1)
      const shown = terminals.views().filter(({ id }) => !windows.isElsewhere(id))
      return { current: windows.state(window), terminals: shown, last: window === MAIN_WINDOW ? last : null }
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
      terminals.endAllOn(id)
      dialer.disconnect(id)
      return null
    },
    host_health: ({ id }) => {
      healthAsked++
      const open = terminals.views().filter(({ hostId }) => hostId === id)
      return dialer.lanes(
        id,
        open.map((view) => view.id),
      )
    },
    host_retry: ({ id }) => {
      retried.push(id)
      dialer.retry(hosts.find(id))
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
    transfer_cancel: ({ id }) => {
      emit({ type: 'transfer', data: { id, phase: 'failed', direction: 'receive', cause: null, files: 0 } })
      return null
    },
    ...hosts.handlers,
    ...terminals.handlers,
    ...windows.handlers,
    ...desktop.handlers,
    ...files.handlers(),
    ...fakeEdits(files, drafts),
    ...externals.handlers(),
    ...fakeSnippets(),
    ...jobs.handlers,
    ...syncs.handlers,
    ...tunnels.handlers,
    ...links.handlers,
    ...pipes.handlers,
    ...runs.handlers,
    trusted_keys: trust.trusted_keys,
    trusted_key_remove: trust.trusted_key_remove,
    trusted_key_restore: trust.trusted_key_restore,
  }

  if (options.window && options.window.id !== MAIN_WINDOW) {
    const terminal = terminals.open(options.window.host, { cols: 80, rows: 24 }, new FakeAttachment(null))
    const tab = { id: 'tab-torn', host: options.window.host, name: 'torn off', terminal, kept: null, facts: { colour: 'green' } }
    windows.give(options.window.id, [tab])
  }

  const backend: Backend = {
    ...desktop.backend,
    window: windows.own,
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
      const id = terminals.open(hostId, size, new FakeAttachment(onOutput))
      await busy(3)
      return id
    },
    async attachTerminal(id, size, onOutput) {
      await Promise.resolve()
      return terminals.attach(id, size, onOutput)
    },
    async writeTerminal(id, bytes) {
      await Promise.resolve()
      terminals.write(id, bytes)
    },
    readPicture: (host, path) => Promise.resolve(files.picture(host, path)),
    async testHost(id, draft, password, onProgress: (progress: TestProgress) => void) {
      hosts.accepted(draft)
      const kept = id !== null && hosts.find(id).hasPassword && password.kind === 'keep'
      await dialer.test(draft, kept || password.kind === 'set', onProgress)
    },
    onKeptOpen: (listener) => Promise.resolve(windows.onKeptOpen(listener)),
  }

  /** What a test can do besides: be the server, the network or the menu. */
  const controls = {
    emit,
    /** Chooses an item of the native menu. */
    menu: (action: string) => desktop.menu(action),
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
    notified: desktop.notified,
    /** The transfer queue: a test says how far its jobs are. */
    jobs,
    syncs,
    tunnels,
    links,
    pipes,
    /** Commands on many hosts: a test says how they go. */
    runs,
    iconProgress: desktop.iconProgress,
    directories: terminals.directories,
    /** Files are dragged over the window from outside. */
    dragFiles: (drag: FileDrag) => desktop.dragFiles(drag),
    /** How often the window asked how a connection is doing. */
    healthAsked: () => healthAsked,
    endTerminal: (id: TerminalId, end: TerminalEnd) => terminals.end(id, end),
    /** The disk is full under what a terminal is written to. */
    failCapture: (id: TerminalId) => sources.fail(id),
    unlock: () => unlock(),
    setKeyring: (state: KeyringState) => (keyring = state),
    setClipboard: (text: string) => (desktop.clipboard = text),
    clipboard: () => desktop.clipboard,
    opened: desktop.opened,
    files,
    drafts,
    /** Other programs: a test says what they save. */
    externals,
    editKnownHosts: trust.forget,
    hosts: () => hosts.all(),
    workspace: () => structuredClone(windows.state(windows.own)),
    /** The other windows: a test speaks for them. */
    windows,
    /** Another window has saved preferences. */
    savedElsewhere: (saved: Preferences) => desktop.savedElsewhere(saved),
    /** The sizes that the page came with to each terminal. */
    attachedWith: () => terminals.pages().map(({ sizes }) => sizes),
    connectionTimes: () => connectionTimes,
    triggers: () => structuredClone(terminals.triggers),
    /** How many terminals are shown by the page, seen or not. */
    attached: () => terminals.pages().filter(({ attached }) => attached).length,
  }

  return { ...backend, controls }
}

export type Fake = ReturnType<typeof createFake>
