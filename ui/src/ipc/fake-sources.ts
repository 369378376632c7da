/**
 * Terminals of the fake engine that are on no host: a local shell, and a recording that says a few lines. Also the files that
 * terminals are written to, which are none.
 */
import { problem } from './fake-problem'
import type { CaptureView, EngineEvent, Host, PlaybackCommand, PlaybackView, TerminalId } from './generated'

const LOCAL = 'local'
const RECORDING = 'recording:'
const FOLDER = '/home/ada/Documents/Bowline'
const LENGTH_MS = 65_000
const TICK_MS = 100

/** Whether an id names no host. */
export function isSource(id: string): boolean {
  return id === LOCAL || id.startsWith(RECORDING)
}

/** A host for the fake shell of such a terminal. */
export function sourceHost(id: string): Host {
  return {
    id,
    builtin: false,
    hasPassword: false,
    linked: null,
    label: id === LOCAL ? 'desk' : 'recorded',
    group: '',
    address: 'localhost',
    port: 22,
    user: '',
    auth: 'automatic',
    keyPath: '',
  }
}

export class FakeSources {
  readonly #captures = new Map<TerminalId, CaptureView>()
  readonly #playing = new Map<TerminalId, { view: PlaybackView; timer: ReturnType<typeof setInterval> }>()

  constructor(private readonly emit: (event: EngineEvent) => void) {}

  captures(): CaptureView[] {
    return [...this.#captures.values()]
  }

  playbacks(): PlaybackView[] {
    return [...this.#playing.values()].map(({ view }) => view)
  }

  /** Begins to play; says whether there is anything to play. */
  start(id: TerminalId, hostId: string): void {
    if (!hostId.startsWith(RECORDING)) return
    if (hostId.includes('broken'))
      throw problem('recording-unusable', { path: hostId.slice(RECORDING.length), cause: 'it is empty' })
    const view: PlaybackView = {
      id,
      playing: true,
      positionMs: 0,
      lengthMs: LENGTH_MS,
      speed: 1,
      skipsPauses: false,
      size: { cols: 80, rows: 24 },
      title: 'web-01',
    }
    this.#playing.set(id, { view, timer: setInterval(() => this.#tick(id), TICK_MS) })
    this.#tell(id, {})
  }

  /** The terminal has ended. */
  end(id: TerminalId): void {
    clearInterval(this.#playing.get(id)?.timer)
    this.#playing.delete(id)
    if (this.#captures.delete(id)) this.emit({ type: 'capture', data: { id, transcript: null, recording: null, problem: null } })
  }

  command(id: TerminalId, command: PlaybackCommand): void {
    const view = this.#playing.get(id)?.view
    if (!view) throw problem('terminal-not-found')
    switch (command.do) {
      case 'play':
        return this.#tell(id, { playing: true, positionMs: view.positionMs >= LENGTH_MS ? 0 : view.positionMs })
      case 'pause':
        return this.#tell(id, { playing: false })
      case 'seek':
        return this.#tell(id, { positionMs: Math.min(LENGTH_MS, Math.max(0, command.positionMs)) })
      case 'speed':
        return this.#tell(id, { speed: command.factor })
      case 'skip-pauses':
        return this.#tell(id, { skipsPauses: command.on })
    }
  }

  capture(id: TerminalId, kind: 'transcript' | 'recording', on: boolean): void {
    const before = this.#captures.get(id) ?? { id, transcript: null, recording: null, problem: null }
    const path = `${FOLDER}/web-01-20261121-101500.${kind === 'transcript' ? 'log' : 'cast'}`
    const view = { ...before, [kind]: on ? path : null }
    this.#captures.set(id, view)
    this.emit({ type: 'capture', data: view })
  }

  /** The disk is full. */
  fail(id: TerminalId): void {
    const failure = problem('capture-failed', { path: `${FOLDER}/web-01.cast`, cause: 'No space left on device' })
    this.#captures.delete(id)
    this.emit({ type: 'capture', data: { id, transcript: null, recording: null, problem: failure } })
  }

  #tick(id: TerminalId): void {
    const view = this.#playing.get(id)?.view
    if (!view?.playing) return
    const positionMs = Math.min(LENGTH_MS, view.positionMs + TICK_MS * view.speed)
    this.#tell(id, { positionMs, playing: positionMs < LENGTH_MS })
  }

  #tell(id: TerminalId, change: Partial<PlaybackView>): void {
    const playing = this.#playing.get(id)
    if (!playing) return
    playing.view = { ...playing.view, ...change }
    this.emit({ type: 'playback', data: playing.view })
  }
}
