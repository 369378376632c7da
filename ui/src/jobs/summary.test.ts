import { describe, expect, it } from 'vitest'
import type { JobView } from '../ipc'
import { JobWatcher } from './job-news'
import { makesSense } from './jobs'
import { stateWord } from './job-words'
import { hasFailed, shareOf, shareOfOver, summarise } from './summary'

function job(id: number, change: Partial<JobView> = {}): JobView {
  return {
    id,
    state: 'running',
    name: `file-${id}`,
    sources: 1,
    from: { at: 'here', path: `/home/ada/file-${id}` },
    to: { at: 'host', hostId: 'web-01', path: '/srv' },
    counted: true,
    files: 1,
    bytes: 1000,
    filesDone: 0,
    bytesDone: 250,
    rate: 50,
    secondsLeft: 15,
    current: null,
    filesSkipped: 0,
    filesBare: 0,
    errorCount: 0,
    errors: [],
    addedMs: 0,
    endedMs: null,
    ...change,
  } as JobView
}

describe('the line for all jobs', () => {
  it('adds up what is under way and leaves out what is over', () => {
    const now = summarise([job(1), job(2, { bytes: 3000, bytesDone: 750, rate: 150 }), job(3, { state: 'done', bytes: 9e9 })])
    expect(now).toMatchObject({
      underWay: 2,
      running: 2,
      done: 1,
      failed: 0,
      bytes: 4000,
      bytesDone: 1000,
      share: 0.25,
      rate: 200,
    })
    expect(now.secondsLeft).toBe(15)
  })

  it('promises no end while something is still counted, or waits for a person or a connection', () => {
    expect(summarise([job(1, { counted: false })]).secondsLeft).toBeUndefined()
    expect(summarise([job(1), job(2, { state: 'paused', rate: 0 })]).secondsLeft).toBeUndefined()
    expect(summarise([job(1), job(2, { state: 'queued', rate: 0, bytesDone: 0 })]).secondsLeft).toBe(35)
  })

  it('counts files where there are no bytes, and never more than there are', () => {
    expect(shareOf(job(1, { bytes: 0, files: 4, filesDone: 1 }))).toBe(0.25)
    expect(shareOf(job(1, { bytes: 0, files: 0 }))).toBeUndefined()
    expect(shareOf(job(1, { bytesDone: 2000 }))).toBe(1)
    expect(summarise([job(1, { bytes: 0, files: 0, counted: false })]).share).toBeUndefined()
  })

  it('calls a job failed whose files are not all there', () => {
    expect(hasFailed(job(1, { state: 'done', errorCount: 1 }))).toBe(true)
    expect(hasFailed(job(1, { state: 'done' }))).toBe(false)
  })
})

describe('a job that failed', () => {
  const refused = job(1, { state: 'done', errorCount: 1, bytesDone: 0 })

  it('is as far as it came', () => {
    expect(shareOf(refused)).toBe(0)
    expect(shareOf(job(1, { state: 'done', errorCount: 1, bytes: 0, files: 0 }))).toBe(0)
    expect(shareOf(job(1, { state: 'done', errorCount: 1, bytesDone: 750 }))).toBe(0.75)
    expect(shareOf(job(1, { state: 'done', bytesDone: 0, filesSkipped: 1 }))).toBe(1)
  })

  it('does not fill the line of all', () => {
    expect(shareOfOver([refused, job(2, { ...refused, id: 2 })])).toBe(0)
    expect(shareOfOver([refused, job(2, { state: 'done', bytesDone: 1000 })])).toBe(0.5)
    expect(shareOfOver([job(1, { state: 'done' }), job(2, { state: 'cancelled' })])).toBe(1)
  })

  it('says so when nothing got there', () => {
    expect(stateWord(refused)).toBe('nothing was copied')
    expect(stateWord(job(1, { state: 'done', errorCount: 1, files: 2, filesDone: 1 }))).toBe('done but for one file')
  })
})

describe('orders', () => {
  it('are offered only where they do something', () => {
    const offered = (state: JobView['state'], errorCount = 0) =>
      (['pause', 'resume', 'cancel', 'retry', 'first', 'remove'] as const).filter((order) =>
        makesSense(job(1, { state, errorCount }), order),
      )
    expect(offered('queued')).toEqual(['pause', 'cancel', 'first'])
    expect(offered('running')).toEqual(['pause', 'cancel'])
    expect(offered('waiting')).toEqual(['pause', 'cancel'])
    expect(offered('paused')).toEqual(['resume', 'cancel'])
    expect(offered('asking')).toEqual(['cancel'])
    expect(offered('failed')).toEqual(['retry', 'remove'])
    expect(offered('cancelled')).toEqual(['retry', 'remove'])
    expect(offered('done')).toEqual(['remove'])
    expect(offered('done', 2)).toEqual(['retry', 'remove'])
  })
})

describe('news of jobs', () => {
  const over = (id: number, change: Partial<JobView> = {}) => job(id, { state: 'done', ...change })

  it('are told once, and never of what was over before', () => {
    const watcher = new JobWatcher()
    const told = (jobs: JobView[]) => watcher.hear(jobs).map(([{ id }, news]) => `${id} ${news}`)
    expect(told([over(1), job(2), job(3)])).toEqual([])
    expect(told([over(1), over(2), job(3, { bytesDone: 900 })])).toEqual(['2 done'])
    expect(told([over(1), over(2), over(3, { errorCount: 2 })])).toEqual(['3 failed'])
    expect(told([over(1), over(2), over(3, { errorCount: 2 })])).toEqual([])
  })

  it('say that a job asks, also one that has just come, and nothing of what a person cancelled', () => {
    const watcher = new JobWatcher()
    watcher.hear([])
    const asking = job(1, { state: 'asking' })
    expect(watcher.hear([asking]).map(([, news]) => news)).toEqual(['asking'])
    expect(watcher.hear([job(1, { state: 'cancelled' })])).toEqual([])
  })
})
