/** The runs of the fake engine. What a command says decides how it goes: `exit N`, `sleep`, or else its own text comes back. */
import { problem } from './fake-problem'
import type {
  Commands,
  Detached,
  EngineEvent,
  HostId,
  RunHost,
  RunId,
  RunOutput,
  RunRequest,
  RunState,
  RunView,
} from './generated'

type RunCommand =
  | 'runs'
  | 'run_start'
  | 'run_again'
  | 'run_stop'
  | 'run_remove'
  | 'run_output'
  | 'run_save'
  | 'run_pick_input'
  | 'run_pick_folder'
  | 'detached_start'
  | 'detached_list'
  | 'detached_read'
  | 'detached_stop'
  | 'detached_remove'
type RunHandlers = { [Name in RunCommand]: (args: Commands[Name]['args']) => Commands[Name]['result'] }

const none = { head: '', leftOut: 0, tail: '' }

export class FakeRuns {
  /** What was asked for, as it was asked for. */
  readonly asked: RunRequest[] = []
  /** What hosts wrote, where a test says so: for all runs. */
  readonly outputs = new Map<HostId, RunOutput>()
  /** What was left running, by host. */
  readonly detached = new Map<HostId, Detached[]>()
  /** What one of these wrote. */
  detachedText = 'step 1\nstep 2\n'
  #runs: RunView[] = []
  #next = 1

  constructor(
    private readonly emit: (event: EngineEvent) => void,
    private readonly nameOf: (id: HostId) => string | undefined,
  ) {}

  readonly handlers: RunHandlers = {
    runs: () => this.views(),
    run_start: ({ request }) => this.#start(request),
    run_again: ({ id, hosts }) => {
      const before = this.#find(id)
      const request = this.asked.findLast(({ command }) => command === before.command)
      if (!request) throw problem('run-refused', { reason: 'gone' })
      return this.#start({ ...request, hosts })
    },
    run_stop: ({ id }) => {
      const stop = (host: RunHost): RunHost =>
        host.state.state === 'running' ? { ...host, state: { state: 'cancelled', certain: true }, tookMs: 900 } : host
      const run = this.#find(id)
      this.set({ ...run, running: false, stopped: true, hosts: run.hosts.map(stop) })
      return null
    },
    run_remove: ({ id }) => {
      this.show(this.#runs.filter((run) => run.id !== id))
      return null
    },
    run_output: ({ id, host }) => {
      const told = this.outputs.get(host)
      if (told) return told
      const { command, hosts } = this.#find(id)
      const bytes = hosts.find(({ hostId }) => hostId === host)?.stdoutBytes ?? 0
      return { stdout: bytes > 0 ? { ...none, head: `${command}\n` } : none, stderr: none }
    },
    run_save: ({ format }) => `/home/ada/bowline-run.${format === 'json' ? 'json' : 'txt'}`,
    run_pick_input: () => '/home/ada/input.txt',
    run_pick_folder: () => '/home/ada/output',
    detached_start: ({ host, command }) => {
      const id = String(this.#next++).padStart(32, '0')
      const bytes = { stdoutBytes: this.detachedText.length, stderrBytes: 0 }
      const one: Detached = { id, command, state: { state: 'running' }, beganAt: Date.now(), endedAt: null, ...bytes }
      this.detached.set(host, [one, ...(this.detached.get(host) ?? [])])
      return id
    },
    detached_list: ({ host }) => {
      if (host === 'unknown') throw problem('refused', { address: '10.0.0.7', port: '22' })
      return structuredClone(this.detached.get(host) ?? [])
    },
    detached_read: ({ stderr, offset }) => {
      const whole = stderr ? '' : this.detachedText
      return { text: whole.slice(offset), next: whole.length }
    },
    detached_stop: ({ host, id }) => {
      const change = (one: Detached): Detached => (one.id === id ? { ...one, state: { state: 'stopped' } } : one)
      this.detached.set(host, (this.detached.get(host) ?? []).map(change))
      return true
    },
    detached_remove: ({ host, id }) => {
      this.detached.set(
        host,
        (this.detached.get(host) ?? []).filter((one) => one.id !== id),
      )
      return null
    },
  }

  views(): RunView[] {
    return structuredClone(this.#runs)
  }

  /** Shows these as they are given. */
  show(runs: RunView[]): void {
    this.#runs = runs
    this.emit({ type: 'runs', data: this.views() })
  }

  /** One has changed. */
  set(run: RunView): void {
    this.#runs = this.#runs.map((one) => (one.id === run.id ? run : one))
    this.emit({ type: 'run', data: structuredClone(run) })
  }

  #find(id: RunId): RunView {
    const run = this.#runs.find((one) => one.id === id)
    if (!run) throw problem('run-refused', { reason: 'gone' })
    return run
  }

  #start(request: RunRequest): RunId {
    this.asked.push(request)
    const id = `run-${this.#next++}`
    const { command } = request
    const sleeps = command.startsWith('sleep')
    const status = Number(/exit (\d+)/.exec(command)?.[1] ?? 0)
    const state: RunState = sleeps ? { state: 'running' } : { state: 'exited', status }
    const host = (hostId: HostId): RunHost => ({
      hostId,
      name: this.nameOf(hostId) || hostId,
      state,
      beganAt: Date.now(),
      tookMs: sleeps ? null : 120,
      stdoutBytes: sleeps ? 0 : command.length + 1,
      stderrBytes: 0,
      group: sleeps ? null : 0,
      filesProblem: null,
    })
    const folder = request.folder === null ? null : `${request.folder}/run-20260101-120000`
    const hosts = request.hosts.map(host)
    this.show([...this.#runs, { id, command, beganAt: Date.now(), running: sleeps, stopped: false, folder, hosts }])
    return id
  }
}
