/** How the fake engine reaches hosts: the states it goes through, the questions it asks and how a test proceeds. */
import { problem } from './fake-problem'
import type {
  Answer,
  ConnectionState,
  ConnectionView,
  EngineEvent,
  Host,
  HostDraft,
  HostId,
  KeyPicture,
  Problem,
  Prompt,
  Question,
  TestProgress,
  TestStep,
} from './generated'

/** Long enough to be seen by a test, short enough not to be waited for. */
const STEP_MS = 60

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
  return { hostId, state: 'idle', roundTripMs: null, lastHeardMs: null, cipher: null, server: null, terminals: 0 }
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

export class FakeDialer {
  private readonly connections = new Map<HostId, ConnectionView>()
  private readonly dials = new Map<HostId, Promise<void>>()
  private readonly asked = new Map<number, { prompt: Prompt; reply: (answer: Answer) => void }>()
  private readonly trusted = new Set<string>()
  /** Hosts whose secret a person wished to be kept. */
  private readonly remembered = new Set<HostId>()
  private nextPrompt = 1
  private testRun = 0

  constructor(private readonly emit: (event: EngineEvent) => void) {}

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
    const dial = this.dial({ ...host, canRemember }).finally(() => this.dials.delete(host.id))
    this.dials.set(host.id, dial)
    return dial
  }

  disconnect(id: HostId): void {
    this.show(id, { state: 'idle' }, { roundTripMs: null, cipher: null, server: null, terminals: 0 })
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
      this.show(target.id, { state: 'dialing' })
      await pause(STEP_MS)
      this.resolve(target)
      this.reach(target)
      this.show(target.id, { state: 'authenticating' })
      await pause(STEP_MS)
      await this.checkKey(target)
      await this.logIn(target)
      this.show(
        target.id,
        { state: 'up' },
        { roundTripMs: 12.4, lastHeardMs: Date.now(), cipher: 'aes128-gcm@openssh.com', server: 'OpenSSH_9.2p1 Debian-2' },
      )
    } catch (failure) {
      const failed = failure as Problem
      this.show(target.id, failed.action === 'retry' ? { state: 'down', problem: failed } : { state: 'halted', problem: failed })
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
    if (address.includes('unknown')) {
      const answer = await this.ask(target, { kind: 'host-key-unknown', key: FAKE_KEY, knownAs: [] })
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
    const { roundTripMs, lastHeardMs, cipher, server, terminals } = {
      ...connectionOf(id),
      ...this.connections.get(id),
      ...change,
    }
    const view: ConnectionView = { hostId: id, roundTripMs, lastHeardMs, cipher, server, terminals, ...bare(state) }
    this.connections.set(id, view)
    this.emit({ type: 'connection', data: view })
  }
}

/** The state alone, out of something that may be a whole view. */
function bare(state: ConnectionState): ConnectionState {
  return state.state === 'down' || state.state === 'halted'
    ? { state: state.state, problem: state.problem }
    : { state: state.state }
}
