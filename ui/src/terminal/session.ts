/**
 * A terminal's life as a tab sees it: opening, running, ended, and opened again below what it showed before. The engine's terminal
 * stays for as long as the tab; the surface that shows it comes and goes with whoever looks, and is filled from the engine's own
 * screen each time. Only small facts are reactive (state, title); bytes go from the engine to the surface.
 */
import { ref, shallowRef } from 'vue'
import { clipboardRule, rememberClipboardRule } from '../settings/clipboard-rules'
import {
  toProblem,
  useBackend,
  type HostId,
  type TerminalFacts,
  type TerminalId,
  type TerminalSize,
  type TerminalState,
  type TerminalView,
} from '../ipc'
import { useCaptures } from '../captures/captures'
import { playbackKey } from '../captures/playback-keys'
import { useConnections } from '../connections/connections'
import { attempt } from '../notices/attempt'
import type { Platform } from '../workspace/platform'
import { keysFor } from './also-typed'
import { ClipboardWrites, type ClipboardQuestion } from './clipboard-writes'
import type { TerminalDirectory } from './directory'
import { plainAddress, plainTitle } from './hidden-characters'
import { binaryBytes, InputPump, textBytes } from './input'
import { tell } from './late-calls'
import type { Command } from './marks/command-marks'
import { PendingKeys } from './pending-keys'
import { bracketPaste, previewPaste, sanitisePaste } from './paste'
import { PasteQuestions } from './paste-question'
import { FIRST_ATTACHMENT, Showings, type Showing } from './showing'
import { Surface, type Appearance } from './surface'
import { isRecording } from './targets'

/** A title is a hint beside the tab's name; a program may send a novel. */
const TITLE_CHARACTERS = 120

/** What xterm.js says by itself: answers to a program's questions, the focus, the mouse. Nobody pressed a key. */
// eslint-disable-next-line no-control-regex -- reports begin with an escape character
const REPORT = /^\x1b(?:\[[IO<M?>]|\[[\d;]*\$?[cnRty]|\]|P)/

/** Who types a whole line into a terminal that waits asks once and not for each letter. */
const KEY_TRY_MS = 1000

/** The largest chunk of output: a shorter one is the last of a snapshot. */
const CHUNK_BYTES = 64 * 1024

export class TerminalSession {
  readonly state = shallowRef<TerminalState>({ state: 'opening' })
  /** What the program calls itself (OSC 0 and 2), without characters that cannot be seen. */
  readonly title = ref('')
  /** Counts up with each bell. */
  readonly bells = ref(0)
  /** The address of the link under the pointer, as it can be shown. */
  readonly hoveredLink = ref<string | null>(null)
  readonly #pastes = new PasteQuestions()
  /** A paste that waits for a yes. */
  readonly pasteQuestion = this.#pastes.open
  /** A program on the server wants to set the clipboard. */
  readonly clipboardQuestion = shallowRef<ClipboardQuestion | null>(null)
  readonly clipboardWrites: ClipboardWrites
  readonly hasSelection = ref(false)
  /** The command whose menu is open. */
  readonly markMenu = shallowRef<Command | null>(null)
  /** The command that a person went to, for those who hear it. */
  readonly markSaid = ref('')
  readonly searching = ref(false)
  /** What was typed while the connection was away. */
  readonly pending = new PendingKeys()
  /** It has been running before, so that there is something above. */
  readonly reopened = ref(false)
  /** The other terminals of a broadcast: what a person types and pastes here goes to them as well. */
  peers: () => readonly TerminalSession[] = () => []
  /** The engine's terminal, as soon as it is known. */
  readonly terminalId = shallowRef<TerminalId | undefined>()
  #surface: Surface | undefined
  #appearance: Appearance
  readonly #showings = new Showings(() => this.id)
  /** The size that the surface had before `sleep`. */
  #sizeAsleep: TerminalSize | undefined
  /** A new one after each shell that was lost or ended: what was typed for the old one is not sent to the new one. */
  #pump: InputPump
  #opening = false
  /** Settles when the engine has answered the last wish for a terminal. */
  #opened: Promise<void> = Promise.resolve()
  #disposed = false
  /** Bells that were heard of. */
  #rung = 0
  /** When a key last asked for a try. */
  #triedAt = -KEY_TRY_MS

  constructor(
    readonly hostId: HostId,
    appearance: Appearance,
    private readonly platform: Platform,
    private readonly directory: TerminalDirectory,
    /** A terminal that there is; otherwise `start` opens one. */
    existing?: TerminalView,
  ) {
    this.#appearance = { ...appearance }
    this.#pump = this.#newPump()
    this.clipboardWrites = new ClipboardWrites({
      rule: () => clipboardRule(hostId),
      remember: (rule) => rememberClipboardRule(hostId, rule),
      write: (text) => void attempt(() => useBackend().writeClipboard(text)),
      show: (question) => (this.clipboardQuestion.value = question),
      now: () => performance.now(),
    })
    if (!existing) return
    const { id, hostId: _, title, bells, ...state } = existing
    this.#rung = bells
    this.terminalId.value = id
    this.told({ title, bells })
    this.show(state)
    directory.add(id, this)
  }

  /** What shows it. Made when it is first looked at, and again after `sleep`. */
  get surface(): Surface {
    return (this.#surface ??= new Surface(this.#appearance, this.platform, {
      text: (text) => this.#typed(text),
      binary: (text) => {
        if (!this.waiting) this.#pump.type(binaryBytes(text))
      },
      size: (size) => this.#resized(size),
      selection: () => (this.hasSelection.value = this.#surface?.terminal.hasSelection() ?? false),
      openLink: (url) => void attempt(() => useBackend().call('open_link', { url })),
      clipboard: (payload) => this.clipboardWrites.request(payload),
      mark: (command) => (this.markMenu.value = command),
      hoverLink: (url) => (this.hoveredLink.value = url === null ? null : plainAddress(url)),
    }))
  }

  get id(): TerminalId | undefined {
    return this.terminalId.value
  }

  apply(appearance: Appearance): void {
    this.#appearance = { ...appearance }
    this.#surface?.apply(appearance)
  }

  get ended(): boolean {
    return this.state.value.state === 'ended'
  }

  /** Its connection is gone and is being made anew; what is typed is kept until the person says what to do with it. */
  get waiting(): boolean {
    return this.state.value.state === 'waiting'
  }

  /** The shell is back, and the person has not said yet what becomes of the keys that were typed meanwhile. */
  get asksAboutPending(): boolean {
    return this.state.value.state === 'running' && this.pending.shown.value !== ''
  }

  /** Types what was typed while the connection was away into the shell that is there now. */
  sendPending(): void {
    if (this.asksAboutPending) this.#pump.type(textBytes(this.pending.take()))
  }

  discardPending(): void {
    this.pending.clear()
  }

  /** For where else it may be wanted, such as when its own shell does not come back. */
  copyPending(): void {
    const text = this.pending.copyable
    if (text !== '') void attempt(() => useBackend().writeClipboard(text))
  }

  /** Nothing overtakes what was typed before it, and waits still. */
  get #keepsKeys(): boolean {
    return this.waiting || !this.pending.isEmpty
  }

  /** Shows the engine's terminal with the size that the surface has by now; the first time it is opened. */
  start(): void {
    if (this.#showings.now || this.#disposed) return
    if (this.id !== undefined) void this.#attach(this.id)
    else if (!this.#opening) this.#opened = this.#open()
  }

  /** Until the engine has said which terminal it is, if it was asked for one. */
  opened(): Promise<void> {
    return this.#opened
  }

  /** The pane of the surface has another size, or one at last: the first one that counts fills it anew. */
  placed(): void {
    this.surface.fitSoon()
    if (this.#showings.now?.sized !== false) return
    requestAnimationFrame(() => {
      if (this.#showings.now?.sized === false && this.id !== undefined && this.isOnScreen()) void this.#attach(this.id)
    })
  }

  /** Somebody looks again: what is there comes while the surface is still being drawn, in the size that it had. */
  wake(): void {
    if (this.#showings.now || this.#disposed || this.id === undefined || !this.#sizeAsleep) return
    const { cols, rows } = this.#sizeAsleep
    this.surface.terminal.resize(cols, rows)
    void this.#attach(this.id)
  }

  /** Nobody has looked for long: the surface goes, the terminal goes on. What was selected and searched for is lost. */
  sleep(): void {
    if (this.#disposed) return
    if (this.#showings.now?.sized) this.#sizeAsleep = this.#surface?.size
    this.#showings.end()
    this.#surface?.dispose()
    this.#surface = undefined
    this.hasSelection.value = false
    this.hoveredLink.value = null
    this.searching.value = false
  }

  /** A new terminal on the same host, below the scrollback of the one that ended. */
  reopen(): void {
    if (!this.ended) return
    this.#pump.stop()
    this.#pump = this.#newPump()
    this.title.value = ''
    this.reopened.value = true
    this.state.value = { state: 'opening' }
    this.#surface?.terminal.scrollToBottom()
    // A new tab joins those who wait after too many failures; whoever asks for this very one again does not mean half a minute.
    const connections = useConnections()
    const view = connections.of(this.hostId)
    if (view.state === 'tripped' || (view.state === 'down' && view.retryAtMs === null))
      void attempt(() => connections.retry(this.hostId))
    void this.#openAgain()
  }

  /** Forgets what is above the line with the cursor, here and in the engine. */
  clear(): void {
    this.surface.terminal.clear()
    if (this.id !== undefined) tell('terminal_clear', { id: this.id })
  }

  /** Takes back modes, colours and the like that a program has left behind. What is on the screen stays. */
  reset(): void {
    const { id } = this
    if (id === undefined) return this.surface.softReset()
    void attempt(() => useBackend().call('terminal_reset', { id }))
  }

  /** Whether it can be seen if the window can: its pane shows it. */
  isOnScreen(): boolean {
    const element = this.#surface?.element
    return element !== undefined && element.isConnected && element.clientWidth > 0
  }

  /** For bars and the search, which end after the surface of a tab that goes to sleep: nothing is made anew for them. */
  keepAbove(covered: number): void {
    this.#surface?.keepAbove(covered)
  }

  endSearch(): void {
    this.#surface?.endSearch()
  }

  closeSearch(): void {
    this.searching.value = false
    this.surface.focus()
  }

  /** News from the engine about this session's terminal. */
  show(state: TerminalState): void {
    const before = this.state.value.state
    this.state.value = state
    if (state.state === 'waiting' && before !== 'waiting') this.#lost()
    if (state.state === 'running') {
      this.#pump.start()
      this.#triedAt = -KEY_TRY_MS
    }
    if (state.state === 'ended') {
      this.clipboardWrites.withdraw()
      this.#pump.stop()
    }
  }

  told({ title, bells }: TerminalFacts): void {
    this.title.value = plainTitle(title).slice(0, TITLE_CHARACTERS)
    if (bells > this.#rung) this.bells.value++
    this.#rung = bells
  }

  /**
   * Pastes text as if typed, after taking out what could act on its own; asks first where a line break would run something.
   * In a broadcast it is asked once for all. Says whether it was pasted.
   */
  async paste(text: string): Promise<boolean> {
    return (await this.#pasteInto(text)).length > 0
  }

  /** Pastes a prepared text and, if wanted, presses Enter behind it; in a broadcast in each terminal that took it. */
  async insert(text: string, pressEnter: boolean): Promise<boolean> {
    const took = await this.#pasteInto(text)
    const now = this.#takers()
    if (pressEnter) took.filter((session) => now.includes(session)).forEach((session) => session.#pump.type(textBytes('\r')))
    return took.length > 0
  }

  async #pasteInto(text: string): Promise<TerminalSession[]> {
    const clean = sanitisePaste(text)
    if (clean === '' || this.ended) return []
    if (this.#keepsKeys) {
      this.#keep(clean)
      return []
    }
    const into = this.#takers()
    const preview = previewPaste(
      clean,
      into.every((session) => session.#bracketsPastes),
    )
    if (preview && !(await this.#pastes.ask(preview, into.length))) return []
    // Who joined the broadcast while the question was open was not asked about, and who left it does not want it.
    const still = this.#takers()
    const took = into.filter((session) => still.includes(session))
    await Promise.all(took.map((session) => session.#take(clean)))
    return took
  }

  /** Keys that a person pressed in another terminal of the broadcast. */
  typeAlso(text: string): void {
    if (!this.#takesInput) return
    const sent = keysFor(text, this.surface.terminal.modes.applicationCursorKeysMode)
    if (!this.#pump.type(textBytes(sent))) this.bells.value++
  }

  /** Nothing of others goes into a shell whose person has not yet said what becomes of the keys before. */
  get #takesInput(): boolean {
    return !this.ended && !this.#keepsKeys
  }

  get #bracketsPastes(): boolean {
    return this.surface.terminal.modes.bracketedPasteMode
  }

  /** This one and those of its broadcast that take input now. */
  #takers(): TerminalSession[] {
    return [this as TerminalSession, ...this.peers()].filter((session) => session.#takesInput)
  }

  /** The mode of this very moment: it may have changed while a question was open. */
  async #take(clean: string): Promise<void> {
    this.surface.terminal.scrollToBottom()
    await this.#pump.paste(textBytes(bracketPaste(clean, this.#bracketsPastes)))
  }

  /** Another window shows the terminal from now on. What was typed here before still gets to it. */
  leave(): void {
    this.#pastes.withdraw()
    this.clipboardWrites.dispose()
    this.#showings.end()
    this.#disposed = true
    this.#surface?.dispose()
    if (this.id !== undefined) this.directory.remove(this.id)
  }

  dispose(): void {
    this.#pastes.withdraw()
    this.clipboardWrites.dispose()
    this.#disposed = true
    this.#pump.stop()
    this.#showings.stop()
    this.#surface?.dispose()
    const { id } = this
    if (id !== undefined) {
      this.directory.remove(id)
      tell('terminal_close', { id })
    }
    this.state.value = { state: 'ended', end: { how: 'closed' } }
  }

  #newPump(): InputPump {
    return new InputPump((bytes) => useBackend().writeTerminal(this.id ?? -1, bytes))
  }

  /** The connection is gone: what was on the screen stays, and can be selected. */
  #lost(): void {
    this.#pump.stop()
    this.#pump = this.#newPump()
    this.pending.begin(this.#surface?.cursorLine ?? '')
    this.#surface?.quieten()
  }

  async #open(): Promise<void> {
    this.#opening = true
    const showing = this.#showings.begin()
    try {
      const { size } = this.surface
      const id = await useBackend().openTerminal(this.hostId, size, this.#output(showing))
      if (this.#disposed) return tell('terminal_close', { id })
      this.terminalId.value = id
      this.#attached(showing, id, FIRST_ATTACHMENT, size)
      this.directory.add(id, this)
    } catch (thrown) {
      this.#showings.failed(showing)
      if (!this.#disposed) this.show({ state: 'ended', end: { how: 'failed', problem: toProblem(thrown) } })
    } finally {
      this.#opening = false
    }
  }

  async #attach(id: TerminalId): Promise<void> {
    // What was never on the screen has a size that nobody chose: the terminal keeps its own.
    const size = this.#sizeAsleep || this.isOnScreen() ? this.surface.size : null
    const showing = this.#showings.begin(size !== null)
    try {
      const attachment = await useBackend().attachTerminal(id, size, this.#output(showing))
      this.#attached(showing, id, attachment, size)
    } catch {
      // It is gone: its state says so.
    }
  }

  /** A new shell in the same terminal; where there never was one, all of it. */
  async #openAgain(): Promise<void> {
    const { id } = this
    if (id === undefined) return this.#open()
    try {
      await useBackend().call('terminal_reopen', { id })
    } catch (thrown) {
      if (!this.#disposed) this.show({ state: 'ended', end: { how: 'failed', problem: toProblem(thrown) } })
    }
  }

  #output(showing: Showing): (bytes: Uint8Array) => void {
    return (bytes) => {
      if (showing !== this.#showings.now) return
      this.surface.write(bytes, () => showing.credit.parsed(bytes.length))
      // A snapshot brings back what the program of the lost shell had asked for.
      if (this.waiting && bytes.length < CHUNK_BYTES) this.surface.quieten()
    }
  }

  #attached(showing: Showing, id: TerminalId, attachment: number, size: TerminalSize | null): void {
    if (this.#showings.attached(showing, id, attachment) && size) this.#resizedSince(size)
  }

  #typed(text: string): void {
    if (this.ended) {
      if (text === '\r') this.reopen()
      return
    }
    if (isRecording(this.hostId)) return this.#playbackKey(text)
    if (this.waiting) return this.#typedInVain(text)
    if (this.#keepsKeys && !REPORT.test(text)) return this.#keep(text)
    if (!this.#pump.type(textBytes(text))) this.bells.value++
    if (this.#isTyped(text)) this.peers().forEach((peer) => peer.typeAlso(text))
  }

  /** Pressed by a person in this very terminal: what a program makes xterm.js say must reach no other host. */
  #isTyped(text: string): boolean {
    return !REPORT.test(text) && this.surface.element.contains(document.activeElement)
  }

  /** A recording takes no input: its keys play, pause and move it. */
  #playbackKey(text: string): void {
    const captures = useCaptures()
    const now = captures.playbackOf(this.id)
    const command = now && playbackKey(text, now)
    if (command) void attempt(() => captures.play(now.id, command))
  }

  #typedInVain(text: string): void {
    if (REPORT.test(text)) return
    this.#tryNow(text)
    // Enter on its own only means: try.
    if (text !== '\r' || !this.pending.isEmpty) this.#keep(text)
  }

  #keep(text: string): void {
    if (!this.pending.add(text)) this.bells.value++
  }

  /** A key means: now. Where a person has to decide first, only Enter does, as any key would ask the same question again. */
  #tryNow(text: string): void {
    const connections = useConnections()
    if (connections.of(this.hostId).state === 'halted' && text !== '\r') return
    const now = performance.now()
    if (now - this.#triedAt < KEY_TRY_MS) return
    this.#triedAt = now
    void attempt(() => connections.retry(this.hostId))
  }

  #resized(size: TerminalSize): void {
    const { id } = this
    if (id !== undefined) tell('terminal_resize', { id, size })
  }

  /** The window may have changed while the engine was opening the terminal with the size before. */
  #resizedSince(told: TerminalSize): void {
    const { size } = this.surface
    if (size.cols !== told.cols || size.rows !== told.rows) this.#resized(size)
  }
}
