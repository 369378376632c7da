/** The transfer queue of the fake engine. Jobs run by a clock; what a name holds decides what becomes of one (`conflict`, `denied`). */
import { problem } from './fake-problem'
import type { Commands, EngineEvent, JobEnd, JobLimits, JobOrder, JobRequest, JobState, JobView, JobsView } from './generated'

type JobId = JobView['id']

type JobHandlers = {
  [Name in 'jobs' | 'job_add' | 'job_order' | 'job_answer' | 'job_limits' | 'job_limits_set']: (
    args: Commands[Name]['args'],
  ) => Commands[Name]['result']
}

const TICK_MS = 100
const BYTES = 12_000_000
const BYTES_PER_TICK = 600_000

function nameOf(end: JobEnd): string {
  return end.path.split(/[/\\]/).at(-1) ?? end.path
}

export class FakeJobs {
  readonly requests: JobRequest[] = []
  readonly orders: Commands['job_order']['args'][] = []
  readonly answers: Commands['job_answer']['args'][] = []
  limits: JobLimits = { jobs: 3, jobsPerHost: 2, rateKib: 0 }
  #jobs: JobView[] = []
  #next: JobId = 1
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly emit: (event: EngineEvent) => void) {}

  readonly handlers: JobHandlers = {
    jobs: () => this.view(),
    job_add: ({ request }) => this.#add(request),
    job_order: ({ id, order }) => {
      this.orders.push({ id, order })
      this.#order(id, order)
      return null
    },
    job_answer: ({ id, answer }) => {
      this.answers.push({ id, answer })
      this.#change(id, { state: 'running' })
      return null
    },
    job_limits: () => this.limits,
    job_limits_set: ({ limits }) => {
      this.limits = limits
      return null
    },
  }

  view(): JobsView {
    return { jobs: this.#jobs }
  }

  /** Shows these, and lets nothing run by itself. */
  show(jobs: JobView[]): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#next = Math.max(this.#next, ...jobs.map(({ id }) => id + 1))
    this.#jobs = jobs
    this.#tell()
  }

  #add(request: JobRequest): JobId {
    const [first] = request.sources
    if (!first) throw problem('job-refused', { reason: 'nothing' })
    this.requests.push(request)
    const id = this.#next++
    this.#jobs.push({
      id,
      state: 'running',
      name: nameOf(first),
      sources: request.sources.length,
      from: first,
      to: request.target,
      counted: true,
      files: request.sources.length,
      bytes: BYTES,
      filesDone: 0,
      bytesDone: 0,
      rate: 0,
      secondsLeft: null,
      current: nameOf(first),
      filesSkipped: 0,
      filesBare: 0,
      errorCount: 0,
      errors: [],
      addedMs: Date.now(),
      endedMs: null,
      ...(request.sync ? { sync: { deleted: 0, watch: request.sync.watch, rounds: 0 } } : {}),
    })
    this.#tell()
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
    return id
  }

  #order(id: JobId, order: JobOrder): void {
    switch (order) {
      case 'pause':
        return this.#change(id, { state: 'paused' })
      case 'resume':
      case 'retry':
        this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
        return this.#change(id, { state: 'running' })
      case 'cancel':
        return this.#change(id, { state: 'cancelled' })
      case 'first':
        this.#jobs = [...this.#jobs.filter((job) => job.id === id), ...this.#jobs.filter((job) => job.id !== id)]
        return this.#tell()
      case 'remove':
        this.#jobs = this.#jobs.filter((job) => job.id !== id)
        return this.#tell()
    }
  }

  #change(id: JobId, state: JobState): void {
    this.#jobs = this.#jobs.map((job) => (job.id === id ? { ...job, ...state, rate: 0, secondsLeft: null } : job))
    this.#tell()
  }

  #tick(): void {
    if (!this.#jobs.some(({ state }) => state === 'running')) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    this.#jobs = this.#jobs.map((job) => (job.state === 'running' ? this.#further(job) : job))
    this.#tell()
  }

  #further(job: JobView): JobView {
    const bytesDone = Math.min(job.bytes, job.bytesDone + BYTES_PER_TICK)
    if (job.bytesDone === 0 && job.name.includes('conflict')) {
      const conflict = {
        path: `${job.to.path}/${job.name}`,
        sourceSize: BYTES,
        sourceModified: 1_795_250_000,
        targetSize: 4_000_000,
        targetModified: 1_795_100_000,
      }
      return { ...job, bytesDone, state: 'asking', conflict }
    }
    if (bytesDone < job.bytes) {
      const rate = (BYTES_PER_TICK * 1000) / TICK_MS
      return { ...job, bytesDone, rate, secondsLeft: (job.bytes - bytesDone) / rate }
    }
    const path = `${job.to.path}/${job.name}`
    const denied = job.name.includes('denied')
    const errors = denied ? [{ path, problem: problem('file-denied', { path, doing: 'open', address: 'web-01' }) }] : []
    const over = { rate: 0, secondsLeft: null, current: null, endedMs: Date.now(), bytesDone, filesDone: job.files }
    if (denied) Object.assign(over, { bytesDone: 0, filesDone: 0 })
    if (job.sync?.watch) return { ...job, ...over, endedMs: null, state: 'watching' }
    return { ...job, ...over, errors, errorCount: errors.length, state: 'done' }
  }

  #tell(): void {
    this.emit({ type: 'jobs', data: structuredClone(this.view()) })
  }
}
