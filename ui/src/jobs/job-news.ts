/**
 * What became of jobs, told once: read aloud in every window, in a notification by the window in front if nobody looks at it. How far
 * they are is never read aloud by itself.
 */
import { effectScope, ref, watch } from 'vue'
import { isWindowLookedAt } from '../connections/announce'
import { t } from '../i18n'
import { useBackend, type JobView } from '../ipc'
import { useSettings } from '../settings/settings'
import { useWindows } from '../windows/windows'
import { jobName } from './job-words'
import { useJobs, type JobId } from './jobs'
import { hasFailed, isOver } from './summary'

export type JobNews = 'done' | 'failed' | 'asking'

/** Says what is new of a job since it was seen last; one that is seen for the first time is no news, unless it asks. */
export class JobWatcher {
  #states = new Map<JobId, JobView['state']>()
  #first = true

  hear(jobs: readonly JobView[]): [JobView, JobNews][] {
    const before = this.#states
    this.#states = new Map(jobs.map((job) => [job.id, job.state]))
    const first = this.#first
    this.#first = false
    if (first) return []
    return jobs.flatMap((job): [JobView, JobNews][] => {
      if (before.get(job.id) === job.state) return []
      if (job.state === 'asking') return [[job, 'asking']]
      if (!isOver(job) || job.state === 'cancelled' || !before.has(job.id)) return []
      return [[job, hasFailed(job) ? 'failed' : 'done']]
    })
  }
}

const said = ref('')

/** What is read aloud. */
export function useJobNews() {
  return { said }
}

function textOf(job: JobView, news: JobNews): string {
  return t(`jobs.news.${news}`, { name: jobName(job), n: job.errorCount })
}

/** Call once at the start. */
export function tellJobNews(): () => void {
  const jobs = useJobs()
  const watcher = new JobWatcher()
  const scope = effectScope()
  scope.run(() =>
    watch(
      () => jobs.jobs,
      (now) => {
        const news = watcher.hear(now)
        if (news.length === 0) return
        const texts = news.map(([job, what]) => textOf(job, what))
        said.value = texts.slice(0, 3).join(' ')
        if (!useSettings().current.notifications || !useWindows().isFront || isWindowLookedAt()) return
        // Many small jobs end at once: one notification for all of them.
        const more = texts.length > 3 ? [t('jobs.news.more', { n: texts.length - 3 }, texts.length - 3)] : []
        void useBackend()
          .call('notify', { title: t('jobs.news.title'), body: [...texts.slice(0, 3), ...more].join(' ') })
          .catch(() => undefined)
      },
      { immediate: true },
    ),
  )
  return () => scope.stop()
}
