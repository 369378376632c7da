/**
 * A terminal's life as a tab sees it: opening, running, ended, and opened again below what it showed before. The surface stays,
 * the engine's terminal behind it changes. Only small facts are reactive (state, title); bytes go from the engine to the surface.
 */
import { ref, shallowRef } from 'vue'
import { toProblem, useBackend, type HostId, type TerminalId, type TerminalSize, type TerminalState } from '../ipc'
import { useConnections } from '../connections/connections'
import { attempt } from '../notices/attempt'
import type { Platform } from '../workspace/platform'
import type { TerminalDirectory } from './directory'
import { plainAddress, plainTitle } from './hidden-characters'
import { binaryBytes, InputPump, textBytes } from './input'
import { OutputCredit } from './output'
import { bracketPaste, previewPaste, sanitisePaste, type PastePreview } from './paste'
import { Surface, type Appearance } from './surface'

/** A title is a hint beside the tab's name; a program may send a novel. */
const TITLE_CHARACTERS = 120

/** What xterm.js says by itself: answers to a program's questions, the focus, the mouse. Nobody pressed a key. */
// eslint-disable-next-line no-control-regex -- reports begin with an escape character
const REPORT = /^\x1b(?:\[[IO<M?>]|\[[\d;]*[cnRty]|\]|P)/

/** Who types a whole line into a terminal that waits asks once and not for each letter. */
const KEY_TRY_MS = 1000

/** Everything of one connection to the engine's terminal; replaced as a whole by `reopen`. */
interface Line {
  id: TerminalId | undefined
  /** A new one after each loss of the connection: what was typed into the old one is not sent to the new shell. */
  pump: InputPump
  credit: OutputCredit
}

export interface PasteQuestion {
  preview: PastePreview
  answer: (paste: boolean) => void
}

export class TerminalSession {
  readonly state = shallowRef<TerminalState>({ state: 'opening' })
  /** What the program calls itself (OSC 0 and 2), without characters that cannot be seen. */
  readonly title = ref('')
  /** Counts up with each bell. */
  readonly bells = ref(0)
  /** The address of the link under the pointer, as it can be shown. */
  readonly hoveredLink = ref<string | null>(null)
  /** A paste that waits for a yes. */
  readonly pasteQuestion = shallowRef<PasteQuestion | null>(null)
  readonly hasSelection = ref(false)
  readonly searching = ref(false)
  /** It has been running before, so that there is something above. */
  readonly reopened = ref(false)
  readonly surface: Surface
  #line: Line
  #started = false
  /** When a key last asked for a try. */
  #triedAt = -KEY_TRY_MS

  constructor(
    readonly hostId: HostId,
    appearance: Appearance,
    platform: Platform,
    private readonly directory: TerminalDirectory,
  ) {
    this.#line = this.#newLine()
    this.surface = new Surface(appearance, platform, {
      text: (text) => this.#typed(text),
      binary: (text) => {
        if (!this.waiting) this.#line.pump.type(binaryBytes(text))
      },
      size: (size) => this.#resized(size),
      title: (title) => this.#titled(title),
      bell: () => void this.bells.value++,
      selection: () => (this.hasSelection.value = this.surface.terminal.hasSelection()),
      openLink: (url) => void attempt(() => useBackend().call('open_link', { url })),
      hoverLink: (url) => (this.hoveredLink.value = url === null ? null : plainAddress(url)),
    })
  }

  get id(): TerminalId | undefined {
    return this.#line.id
  }

  get ended(): boolean {
    return this.state.value.state === 'ended'
  }

  /** Its connection is gone and is being made anew; what is typed goes nowhere. */
  get waiting(): boolean {
    return this.state.value.state === 'waiting'
  }

  /** Opens the engine's terminal with the size that the surface has by now. Once; later `reopen` does. */
  start(): void {
    if (this.#started) return
    this.#started = true
    void this.#open(this.#line)
  }

  /** A new terminal on the same host, below the scrollback of the one that ended. */
  reopen(): void {
    if (!this.ended) return
    this.#line = this.#newLine()
    this.title.value = ''
    this.reopened.value = true
    this.state.value = { state: 'opening' }
    this.surface.startAfresh()
    this.surface.terminal.scrollToBottom()
    // A new tab joins those who wait after too many failures; whoever asks for this very one again does not mean half a minute.
    const connections = useConnections()
    const view = connections.of(this.hostId)
    if (view.state === 'tripped' || (view.state === 'down' && view.retryAtMs === null))
      void attempt(() => connections.retry(this.hostId))
    void this.#open(this.#line)
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
      this.#line.pump.start()
      this.#triedAt = -KEY_TRY_MS
    }
    if (state.state === 'ended') this.#hangUp(this.#line)
  }

  /** Pastes text as if typed, after taking out what could act on its own; asks first where a line break would run something. */
  async paste(text: string): Promise<void> {
    const clean = sanitisePaste(text)
    if (clean === '' || this.ended || this.waiting) return
    const bracketed = this.surface.terminal.modes.bracketedPasteMode
    const preview = previewPaste(clean, bracketed)
    if (preview && !(await this.#asked(preview))) return
    // The mode may have changed while the question was open.
    const now = this.surface.terminal.modes.bracketedPasteMode
    this.surface.terminal.scrollToBottom()
    await this.#line.pump.paste(textBytes(bracketPaste(clean, now)))
  }

  dispose(): void {
    this.pasteQuestion.value?.answer(false)
    const { id } = this.#line
    this.#hangUp(this.#line)
    this.surface.dispose()
    if (id !== undefined && !this.ended)
      void useBackend()
        .call('terminal_close', { id })
        .catch(() => {})
    this.state.value = { state: 'ended', end: { how: 'closed' } }
  }

  #newLine(): Line {
    const line: Line = {
      id: undefined,
      pump: this.#newPump(() => line),
      credit: new OutputCredit((bytes) => {
        if (line.id !== undefined)
          void useBackend()
            .call('terminal_ack', { id: line.id, bytes })
            .catch(() => {})
      }),
    }
    return line
  }

  #newPump(line: () => Line): InputPump {
    return new InputPump((bytes) => useBackend().writeTerminal(line().id ?? -1, bytes))
  }

  /** The connection is gone: what was on the screen stays, and can be selected. */
  #lost(): void {
    const line = this.#line
    line.pump.stop()
    line.pump = this.#newPump(() => line)
    this.surface.quieten()
  }

  async #open(line: Line): Promise<void> {
    const output = (bytes: Uint8Array) => {
      if (line === this.#line) this.surface.write(bytes, () => line.credit.parsed(bytes.length))
    }
    try {
      const { size } = this.surface
      const id = await useBackend().openTerminal(this.hostId, size, output)
      if (line !== this.#line || this.ended)
        return void useBackend()
          .call('terminal_close', { id })
          .catch(() => {})
      line.id = id
      this.directory.add(id, this)
      this.#resizedSince(size)
    } catch (thrown) {
      if (line === this.#line) this.show({ state: 'ended', end: { how: 'failed', problem: toProblem(thrown) } })
    }
  }

  #hangUp(line: Line): void {
    line.pump.stop()
    line.credit.stop()
    if (line.id !== undefined) this.directory.remove(line.id)
  }

  #typed(text: string): void {
    if (this.ended) {
      if (text === '\r') this.reopen()
      return
    }
    if (this.waiting) return this.#tryNow(text)
    if (!this.#line.pump.type(textBytes(text))) this.bells.value++
  }

  /** A key means: now. Where a person has to decide first, only Enter does, as any key would ask the same question again. */
  #tryNow(text: string): void {
    if (REPORT.test(text)) return
    const connections = useConnections()
    if (connections.of(this.hostId).state === 'halted' && text !== '\r') return
    const now = performance.now()
    if (now - this.#triedAt < KEY_TRY_MS) return
    this.#triedAt = now
    void attempt(() => connections.retry(this.hostId))
  }

  #resized(size: TerminalSize): void {
    const { id } = this.#line
    if (id === undefined || this.ended) return
    void useBackend()
      .call('terminal_resize', { id, size })
      .catch(() => {})
  }

  /** The window may have changed while the engine was opening the terminal with the size before. */
  #resizedSince(told: TerminalSize): void {
    const { size } = this.surface
    if (size.cols !== told.cols || size.rows !== told.rows) this.#resized(size)
  }

  #titled(title: string): void {
    this.title.value = plainTitle(title).slice(0, TITLE_CHARACTERS)
  }

  #asked(preview: PastePreview): Promise<boolean> {
    this.pasteQuestion.value?.answer(false)
    return new Promise((resolve) => {
      const answer = (paste: boolean) => {
        this.pasteQuestion.value = null
        resolve(paste)
      }
      this.pasteQuestion.value = { preview, answer }
    })
  }
}
