/** Many jobs as one line: how far all of them are together. Pure. */
import type { JobView } from '../ipc'

export type JobPhase = JobView['state']

const OVER: readonly JobPhase[] = ['done', 'failed', 'cancelled']

export function isOver(job: JobView): boolean {
  return OVER.includes(job.state)
}

/** Some of it did not get there. */
export function hasFailed(job: JobView): boolean {
  return job.state === 'failed' || (job.state === 'done' && job.errorCount > 0)
}

/** It came to its end, and nothing got there. */
export function gotNothing(job: JobView): boolean {
  return job.state === 'done' && job.errorCount > 0 && job.filesDone + job.filesSkipped === 0 && !job.sync
}

/** How much of a job is done, 0 to 1; nothing is known before the first file is. */
export function shareOf(job: JobView): number | undefined {
  if (job.state === 'done' && job.errorCount === 0) return 1
  if (job.bytes > 0) return Math.min(1, job.bytesDone / job.bytes)
  if (job.files > 0) return Math.min(1, job.filesDone / job.files)
  return job.state === 'done' ? 0 : undefined
}

/** Of jobs that are over: how much of them is there. What a person cancelled was not to be. */
export function shareOfOver(jobs: readonly JobView[]): number {
  const tried = jobs.filter((job) => isOver(job) && job.state !== 'cancelled')
  if (!tried.some(hasFailed)) return 1
  const sum = (of: (job: JobView) => number) => tried.reduce((total, job) => total + of(job), 0)
  const bytes = sum((job) => job.bytes)
  if (bytes > 0)
    return Math.min(1, sum((job) => (job.state === 'done' && job.errorCount === 0 ? job.bytes : job.bytesDone)) / bytes)
  return sum((job) => shareOf(job) ?? 0) / tried.length
}

export interface JobsSummary {
  /** Jobs that are not over, and are at it. */
  underWay: number
  running: number
  paused: number
  /** Jobs that wait for a connection. */
  waiting: number
  asking: number
  /** Folders whose changes are waited for. */
  watching: number
  done: number
  failed: number
  /** Of all that are under way, 0 to 1; none while nothing is counted. */
  share: number | undefined
  bytes: number
  bytesDone: number
  /** Bytes per second, all together. */
  rate: number
  secondsLeft: number | undefined
}

export function summarise(jobs: readonly JobView[]): JobsSummary {
  const underWay = jobs.filter((job) => !isOver(job) && job.state !== 'watching')
  const count = (state: JobPhase) => jobs.filter((job) => job.state === state).length
  const sum = (of: (job: JobView) => number) => underWay.reduce((total, job) => total + of(job), 0)
  const [bytes, bytesDone, rate] = [sum((job) => job.bytes), sum((job) => job.bytesDone), sum((job) => job.rate)]
  const [files, filesDone] = [sum((job) => job.files), sum((job) => job.filesDone)]
  const share = bytes > 0 ? bytesDone / bytes : files > 0 ? filesDone / files : undefined
  const counted = underWay.every((job) => job.counted)
  const stands = underWay.some((job) => job.state !== 'running' && job.state !== 'queued')
  return {
    underWay: underWay.length,
    running: count('running'),
    paused: count('paused'),
    waiting: count('waiting'),
    asking: count('asking'),
    watching: count('watching'),
    done: jobs.filter((job) => job.state === 'done' && job.errorCount === 0).length,
    failed: jobs.filter(hasFailed).length,
    share: share === undefined ? undefined : Math.min(1, share),
    bytes,
    bytesDone,
    rate,
    // What waits for a person or a connection takes as long as that does.
    secondsLeft: rate > 0 && counted && !stands ? Math.max(0, bytes - bytesDone) / rate : undefined,
  }
}
