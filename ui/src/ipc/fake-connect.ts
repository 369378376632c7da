/** How the fake engine reaches hosts: the states it goes through, the questions it asks and how a test proceeds. */
import { FakeHealth } from './fake-health'
import { problem } from './fake-problem'
import type { FakeTimeline } from './fake-timeline'
import type {
  Answer,
  Cause,
  ConnectionState,
  ConnectionView,
  EngineEvent,
  Host,
  HostDraft,
  HostId,
  KeyPicture,
  LaneView,
  TerminalId,
  Problem,
  Prompt,
  Question,
  TestProgress,
  TestStep,
} from './generated'

/** Long enough to be seen by a test, short enough not to be waited for. */
const STEP_MS = 60

/** Failed tries in a row after which the fake waits longer for all, as the engine's breaker does. */
const TRIPS_AFTER = 5
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const FAKE_KEY: KeyPicture = {
  algorithm: 'ssh-ed25519',
  fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrrO2WsPfcSFSAZLnhrWJcuY',
  randomart: [
    '+--[ED25519 256]--+',
    '|        .o+=*o.  |',
    '|       . o+B=+   |',
    '|      . + =+O .  |',
    '|     . = * B o   |',
    '|      o S B =    |',
    '|     . o * o .   |',
    '|      . = o E    |',
    '|       o . .     |',
    '|                 |',
    '+----[SHA256]-----+',
  ].join('\n'),
}

const OLD_FINGERPRINT = 'SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM'

export function connectionOf(hostId: HostId): ConnectionView {
  return { hostId, state: 'idle', roundTripMs: null, lastHeardMs: null, cipher: null, server: null, terminals: 0, lanes: 0 }
}

/** As in known_hosts, and what one types to replace a key. */
function shownAddress({ address, port }: Pick<Host, 'address' | 'port'>): string {
  const name = address.toLowerCase()
  return port === 22 ? name : `[${name}]:${String(port)}`
}

type Target = Pick<Host, 'address' | 'port' | 'user' | 'label' | 'keyPath'> & {
  id: HostId | null
  hasPassword: boolean
  canRemember: boolean
}

/** Which class a code belongs to, for those that the fake can meet. */
function causeOf(code: Problem['code']): Cause {
  switch (code) {
    case 'refused':
    case 'unresolvable':
    case 'protocol':
      return code
    case 'connection-silent':
    case 'silent-server':
    case 'dial-timed-out':
      return 'timed-out'
    case 'connection-reset':
      return 'reset'
    case 'connection-broken':
      return 'broken-pipe'
    case 'connection-closed':
    case 'closed-in-handshake':
      return 'closed-by-peer'
    case 'host-key-changed':
    case 'host-key-rejected':
    case 'host-key-revoked':
      return 'host-key'
    case 'auth-refused':
    case 'cancelled':
    case 'passphrase-wrong':
      return 'auth'
    default:
      return 'local'
  }
}

export class FakeDialer {
  private readonly connections = new Map<HostId, ConnectionView>()
  private readonly dials = new Map<HostId, Promise<void>>()
  private readonly asked = new Map<number, { prompt: Prompt; reply: (answer: Answer) => void }>()
  private readonly trusted = new Set<string>()
  /** Hosts whose secret a person wished to be kept. */
  private readonly remembered = new Set<HostId>()
  private readonly health = new Map<HostId, FakeHealth>()
  /** Hosts that the network does not reach just now: the hosts behind them, and their next try. */
  private readonly cut = new Map<HostId, Problem>()
  private readonly retries = new Map<HostId, ReturnType<typeof setTimeout>>()
  /** Who joins a wait that is under way already. */
  private waiting: { id: HostId; resolve: () => void; reject: (problem: Problem) => void }[] = []
  private nextPrompt = 1
  private testRun = 0

  constructor(
    private readonly emit: (event: EngineEvent) => void,
    private readonly timeline: FakeTimeline,
    /** A connection that was lost is there again, or will not be before a person acts, or is given up. */
    private readonly told: (id: HostId, news: 'lost' | 'back' | 'given-up', problem: Problem) => void,
  ) {}

  views(): ConnectionView[] {
    return [...this.connections.values()]
  }

  prompts(): Prompt[] {
    return [...this.asked.values()].map(({ prompt }) => prompt)
  }

  /** Resolves once the host is up; rejects with a `Problem`. Dials of one host are shared. */
  connect(host: Host, canRemember: boolean): Promise<void> {
    if (this.connections.get(host.id)?.state === 'up') return Promise.resolve()
    const under = this.dials.get(host.id)
    if (under) return under
    if (this.retries.has(host.id)) return new Promise((resolve, reject) => this.waiting.push({ id: host.id, resolve, reject }))
    const dial = this.dial({ ...host, canRemember }).finally(() => this.dials.delete(host.id))
    this.dials.set(host.id, dial)
    return dial
  }

  disconnect(id: HostId): void {
    this.stopRetrying(id)
    this.show(id, { state: 'idle' }, { roundTripMs: null, cipher: null, server: null, terminals: 0, lanes: 0 })
  }

  lanes(id: HostId, terminals: readonly TerminalId[]): LaneView[] {
    const view = this.connections.get(id)
    if (view?.state !== 'up' && view?.state !== 'suspect') return []
    return this.health.get(id)?.lanes(view, Date.now(), terminals) ?? []
  }

  /** Shows a state and figures as they are given, whatever led to them. */
  set(id: HostId, change: Partial<ConnectionView>): void {
    const now = { ...connectionOf(id), ...this.connections.get(id), ...change } as ConnectionView
    if (!this.health.has(id)) this.health.set(id, new FakeHealth(Date.now() - 12 * 60_000))
    this.show(id, now, change)
  }

  /** The connection is lost. Tries go on by themselves and fail until `heal`. */
  lose(id: HostId, failure: Problem, retryInMs = FIRST_WAIT_MS): void {
    this.cut.set(id, failure)
    this.told(id, 'lost', failure)
    this.fail(id, failure, 1, retryInMs)
  }

  /** The network is back: the next try succeeds. */
  heal(id: HostId): void {
    this.cut.delete(id)
  }

  retry(host: Host): void {
    const view = this.connections.get(host.id)
    if (view?.state !== 'down' && view?.state !== 'tripped' && view?.state !== 'halted') return
    this.timeline.note(host.id, { event: 'retry-asked' })
    void this.again(host, view.state === 'halted' ? 1 : view.attempt + 1)
  }

  giveUp(id: HostId): void {
    const view = this.connections.get(id)
    if (view?.state !== 'down' && view?.state !== 'tripped' && view?.state !== 'halted') return
    this.stopRetrying(id)
    this.timeline.note(id, { event: 'given-up' })
    this.told(id, 'given-up', view.problem)
    this.release(id, ({ reject }) => reject(view.problem))
    const { cause, problem } = view
    const attempt = view.state === 'halted' ? 0 : view.attempt
    this.show(id, { state: 'down', cause, problem, attempt, retryAtMs: null }, { terminals: 0, lanes: 0 })
  }

  private stopRetrying(id: HostId): void {
    clearTimeout(this.retries.get(id))
    this.retries.delete(id)
  }

  private fail(id: HostId, failure: Problem, attempt: number, retryInMs: number): void {
    const cause = causeOf(failure.code)
    if (failure.action !== 'retry') return this.show(id, { state: 'halted', cause, problem: failure }, { lanes: 0 })
    const retryAtMs = Date.now() + retryInMs
    const state = attempt >= TRIPS_AFTER ? 'tripped' : 'down'
    this.show(id, { state, cause, problem: failure, attempt, retryAtMs }, { lanes: 0 })
    this.stopRetrying(id)
    this.retries.set(
      id,
      setTimeout(() => void this.again({ id }, attempt + 1), retryInMs),
    )
  }

  private async again({ id }: Pick<Host, 'id'>, attempt: number): Promise<void> {
    this.stopRetrying(id)
    this.show(id, { state: 'dialing', attempt })
    await pause(STEP_MS)
    const failure = this.cut.get(id)
    if (failure) return this.fail(id, failure, attempt, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt))
    this.show(id, { state: 'authenticating' })
    await pause(STEP_MS)
    this.showUp(id)
    this.told(id, 'back', problem('internal'))
    this.release(id, ({ resolve }) => resolve())
  }

  private release(id: HostId, how: (waiting: FakeDialer['waiting'][number]) => void): void {
    const ready = this.waiting.filter((one) => one.id === id)
    this.waiting = this.waiting.filter((one) => one.id !== id)
    ready.forEach(how)
  }

  private showUp(id: HostId): void {
    this.health.set(id, new FakeHealth(Date.now()))
    const figures = { roundTripMs: 12.4, lastHeardMs: Date.now(), cipher: 'aes128-gcm@openssh.com', lanes: 1 }
    this.show(id, { state: 'up' }, { ...figures, server: 'OpenSSH_9.2p1 Debian-2' })
  }

  countTerminals(id: HostId, terminals: number): void {
    const view = this.connections.get(id)
    if (view) this.show(id, view, { terminals })
  }

  answer(id: number, answer: Answer): void {
    const asked = this.asked.get(id)
    if (!asked) return
    this.asked.delete(id)
    this.emit({ type: 'prompt-gone', data: id })
    asked.reply(answer)
  }

  /** Asks, as the engine does when it needs a person. */
  ask(target: Target, question: Question, banner: string | null = null): Promise<Answer> {
    const prompt: Prompt = {
      id: this.nextPrompt++,
      hostId: target.id,
      host: target.label || target.address,
      address: shownAddress(target),
      banner,
      question,
      canRemember: target.canRemember,
    }
    return new Promise((reply) => {
      this.asked.set(prompt.id, { prompt, reply })
      this.emit({ type: 'prompt', data: prompt })
    })
  }

  cancelTest(): void {
    this.testRun++
    for (const [id, { prompt }] of this.asked) if (prompt.hostId === null) this.answer(id, { kind: 'cancel' })
  }

  async test(draft: HostDraft, hasPassword: boolean, onProgress: (progress: TestProgress) => void): Promise<void> {
    const run = ++this.testRun
    const target: Target = { ...draft, id: null, hasPassword, canRemember: false }
    const steps: [TestStep, () => string | Promise<string>][] = [
      ['resolve', () => this.resolve(target)],
      ['connect', () => this.reach(target)],
      ['host-key', () => this.checkKey(target)],
      ['authenticate', () => this.logIn(target)],
      ['shell', () => '/bin/bash'],
    ]
    for (const [step, perform] of steps) {
      onProgress({ step, outcome: 'started' })
      const started = performance.now()
      const ms = () => Math.round(performance.now() - started)
      try {
        await pause(STEP_MS)
        const detail = await perform()
        if (run !== this.testRun) return
        onProgress({ step, outcome: 'passed', detail, ms: ms() })
      } catch (failure) {
        if (run === this.testRun) onProgress({ step, outcome: 'failed', problem: failure as Problem, ms: ms() })
        return
      }
    }
  }

  private async dial(target: Target & { id: HostId }): Promise<void> {
    try {
      this.show(target.id, { state: 'dialing', attempt: 1 })
      await pause(STEP_MS)
      this.resolve(target)
      this.reach(target)
      this.show(target.id, { state: 'authenticating' })
      await pause(STEP_MS)
      await this.checkKey(target)
      await this.logIn(target)
      this.showUp(target.id)
    } catch (failure) {
      const failed = failure as Problem
      const cause = causeOf(failed.code)
      this.show(
        target.id,
        failed.action === 'retry'
          ? { state: 'down', cause, problem: failed, attempt: 0, retryAtMs: null }
          : { state: 'halted', cause, problem: failed },
      )
      throw failure
    }
  }

  private resolve({ address }: Target): string {
    if (address.includes('nowhere')) throw problem('unresolvable', { address, cause: 'Name or service not known' }, 'retry')
    return '192.0.2.10'
  }

  private reach({ address, port: number }: Target): string {
    const port = String(number)
    if (address.includes('refused')) throw problem('refused', { address, port }, 'retry')
    if (address.includes('silent')) throw problem('silent-server', { address, port, seconds: '8' }, 'retry')
    if (address.includes('not-ssh')) throw problem('not-ssh', { address, port, received: 'HTTP/1.1 400 Bad Request' })
    return 'OpenSSH_9.2p1 Debian-2'
  }

  private async checkKey(target: Target): Promise<string> {
    const { address } = target
    const detail = `${FAKE_KEY.algorithm} ${FAKE_KEY.fingerprint}`
    if (this.trusted.has(address)) return detail
    if (address.toLowerCase().includes('changed')) {
      const known = [{ algorithm: 'ssh-ed25519', fingerprint: OLD_FINGERPRINT, path: '/home/ada/.ssh/known_hosts', line: 12 }]
      const answer = await this.ask(target, { kind: 'host-key-changed', key: FAKE_KEY, known })
      if (answer.kind !== 'replace-key' || answer.typed.toLowerCase() !== shownAddress(target))
        throw problem('host-key-changed', { address }, 'ask')
      this.trusted.add(address)
    }
    if (address.includes('by-command')) {
      const command = `ssh -W ${address}:22 bastion`
      const answer = await this.ask(target, { kind: 'run-command', command, source: '~/.ssh/config, line 9' })
      if (answer.kind !== 'allow') throw problem('cancelled', { address }, 'ask')
    }
    if (address.includes('unknown')) {
      const answer = await this.ask(target, { kind: 'host-key-unknown', key: FAKE_KEY, knownAs: [], certificate: null })
      if (answer.kind !== 'trust') throw problem('host-key-rejected', { address }, 'ask')
      if (answer.always) this.trusted.add(address)
    }
    return detail
  }

  private async logIn(target: Target): Promise<string> {
    const { address } = target
    const known = target.id !== null && this.remembered.has(target.id)
    const user = target.user || 'ada'
    if (address.includes('password') && !target.hasPassword && !known) return this.askSecret(target, 'password', user)
    if (address.includes('passphrase') && !known) return this.askSecret(target, 'passphrase', user)
    if (address.includes('interactive')) {
      const fields = [
        { text: 'Verification code:', echo: true },
        { text: 'PIN:', echo: false },
      ]
      const instructions = 'Open your authenticator for <b>ada</b>.'
      const answer = await this.ask(target, { kind: 'interactive', user, name: 'Two-step login', instructions, fields })
      if (answer.kind !== 'fields') throw problem('cancelled', { address }, 'ask')
    }
    if (address.includes('security-key')) {
      const answer = await this.ask(target, { kind: 'touch', key: 'ada@token', seconds: 60 })
      if (answer.kind === 'cancel') throw problem('cancelled', { address }, 'ask')
    }
    if (address.includes('add-to-agent')) await this.ask(target, { kind: 'add-to-agent', keyPath: '~/.ssh/id_ed25519' })
    return `${user}, publickey`
  }

  private async askSecret(target: Target, kind: 'password' | 'passphrase', user: string): Promise<string> {
    const { address } = target
    const banner = kind === 'password' ? 'Authorised use only.\nAll sessions are recorded. <script>alert(1)</script>' : null
    for (let attempt = 1; attempt <= 3; attempt++) {
      const question: Question =
        kind === 'password'
          ? { kind, user, attempt, keptRefused: false }
          : { kind, keyPath: target.keyPath || '~/.ssh/id_ed25519', attempt }
      const answer = await this.ask(target, question, banner)
      if (answer.kind !== 'secret') throw problem('cancelled', { address }, 'ask')
      if (answer.secret === 'wrong' || answer.secret === '') continue
      if (answer.remember && target.id !== null) this.remembered.add(target.id)
      return `${user}, ${kind === 'password' ? 'password' : 'publickey'}`
    }
    throw kind === 'password'
      ? problem('auth-refused', { user, address, tried: 'password', offered: 'publickey, password' }, 'ask')
      : problem('passphrase-wrong', { path: target.keyPath }, 'ask')
  }

  private show(id: HostId, state: ConnectionState, change: Partial<ConnectionView> = {}): void {
    const before = this.connections.get(id) ?? connectionOf(id)
    const { roundTripMs, lastHeardMs, cipher, server, terminals, lanes } = { ...before, ...change }
    const view: ConnectionView = { hostId: id, roundTripMs, lastHeardMs, cipher, server, terminals, lanes, ...bare(state) }
    this.connections.set(id, view)
    this.emit({ type: 'connection', data: view })
    this.timeline.follow(id, before, view)
  }
}

/** The state alone, out of something that may be a whole view. */
function bare(state: ConnectionState): ConnectionState {
  switch (state.state) {
    case 'idle':
    case 'authenticating':
    case 'up':
      return { state: state.state }
    case 'dialing':
      return { state: 'dialing', attempt: state.attempt }
    case 'suspect':
      return { state: 'suspect', sinceMs: state.sinceMs }
    case 'down': {
      const { cause, problem, attempt, retryAtMs } = state
      return { state: 'down', cause, problem, attempt, retryAtMs }
    }
    case 'tripped': {
      const { cause, problem, attempt, retryAtMs } = state
      return { state: 'tripped', cause, problem, attempt, retryAtMs }
    }
    case 'halted':
      return { state: 'halted', cause: state.cause, problem: state.problem }
  }
}
