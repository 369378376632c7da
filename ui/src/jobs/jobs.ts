/** The transfer queue, as the engine last told of it, and what a person wants of it. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { useBackend, type ConflictAnswer, type JobOrder, type JobRequest, type JobsView, type JobView } from '../ipc'
import { hasFailed, isOver, summarise } from './summary'

export type JobId = JobView['id']

export const useJobs = defineStore('jobs', () => {
  const jobs = shallowRef<readonly JobView[]>([])
  /** The list is shown, and not the line alone. */
  const opened = ref(false)
  /** A person has put the tray away. */
  const closed = ref(false)
  /** Jobs that came while they could be told of; those of another run are no news. */
  let newest: JobId = 0

  const summary = computed(() => summarise(jobs.value))
  const shown = computed(() => jobs.value.length > 0 && !closed.value)

  function show(view: JobsView): void {
    const before = new Map(jobs.value.map((job) => [job.id, job.state]))
    jobs.value = view.jobs
    const last = Math.max(newest, ...view.jobs.map(({ id }) => id))
    // What is new, or wants something, is not hidden from whoever put the tray away before.
    if (last > newest || view.jobs.some(({ id, state }) => state === 'asking' && before.get(id) !== 'asking'))
      closed.value = false
    newest = last
    if (view.jobs.length === 0) opened.value = false
  }

  async function add(request: JobRequest): Promise<void> {
    await useBackend().call('job_add', { request })
  }

  async function order(id: JobId, wanted: JobOrder): Promise<void> {
    await useBackend().call('job_order', { id, order: wanted })
  }

  async function answer(id: JobId, given: ConflictAnswer): Promise<void> {
    await useBackend().call('job_answer', { id, answer: given })
  }

  /** The same order to all for which it makes sense. */
  async function orderAll(wanted: JobOrder): Promise<void> {
    for (const job of jobs.value) if (makesSense(job, wanted)) await order(job.id, wanted)
  }

  function open(): void {
    opened.value = true
    closed.value = false
  }

  function close(): void {
    closed.value = true
  }

  return { jobs, opened, closed, summary, shown, show, add, order, answer, orderAll, open, close }
})

/** Whether an order does anything to a job as it is now. */
export function makesSense(job: JobView, order: JobOrder): boolean {
  switch (order) {
    case 'pause':
      return job.state === 'queued' || job.state === 'running' || job.state === 'waiting' || job.state === 'watching'
    case 'resume':
      return job.state === 'paused'
    case 'cancel':
      return !isOver(job)
    case 'retry':
      return hasFailed(job) || job.state === 'cancelled'
    case 'first':
      return job.state === 'queued'
    case 'remove':
      return isOver(job)
  }
}
