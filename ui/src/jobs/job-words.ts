/** What is said of a job: its state in a word or two, and how it ended. */
import { t } from '../i18n'
import { problemText } from '../i18n/problem'
import type { JobView } from '../ipc'
import { gotNothing, hasFailed, shareOf } from './summary'

/** `site.tar`, `site.tar and 2 more`. */
export function jobName({ name, sources, sync }: Pick<JobView, 'name' | 'sources' | 'sync'>): string {
  if (sync) return t('sync.job', { name })
  return sources > 1 ? t('jobs.andMore', { name, n: sources - 1 }, sources - 1) : name
}

export function percent(job: JobView): string {
  const share = shareOf(job)
  return share === undefined ? '' : t('jobs.percent', { n: Math.floor(share * 100) })
}

/** Beside its name; nothing while it simply runs. */
export function stateWord(job: JobView): string {
  switch (job.state) {
    case 'running':
      return job.counted ? '' : t('jobs.states.counting')
    case 'watching':
      return job.errorCount > 0 ? t('sync.watchingBut', { n: job.errorCount }, job.errorCount) : t('sync.watching')
    case 'waiting':
    case 'failed':
      return t(`jobs.states.${job.state}`, { reason: problemText(job.problem).short })
    case 'done':
      if (gotNothing(job)) return t('jobs.states.doneNone')
      if (hasFailed(job)) return t('jobs.states.doneBut', { n: job.errorCount }, job.errorCount)
      return job.filesSkipped > 0
        ? t('jobs.states.doneSkipped', { n: job.filesSkipped }, job.filesSkipped)
        : t('jobs.states.done')
    case 'queued':
    case 'paused':
    case 'asking':
    case 'cancelled':
      return t(`jobs.states.${job.state}`)
  }
}
