/** What is said of a run: how it went on each host, in one word, one dot and one time. Pure but for the catalogue. */
import type { DotShape } from '../connections/state-words'
import { t } from '../i18n'
import { span } from '../i18n/format'
import { problemText } from '../i18n/problem'
import type { HostId, RunHost, RunState, RunView } from '../ipc'

export function hasEnded({ state }: RunState): boolean {
  return state !== 'waiting' && state !== 'connecting' && state !== 'running'
}

export function isSuccess(state: RunState): boolean {
  return state.state === 'exited' && state.status === 0
}

export function dotOf(state: RunState): DotShape {
  switch (state.state) {
    case 'waiting':
    case 'not-started':
      return 'idle'
    case 'connecting':
    case 'running':
      return 'retry'
    case 'exited':
      return state.status === 0 ? 'up' : 'down'
    case 'signalled':
    case 'failed':
      return 'down'
    case 'timed-out':
    case 'cancelled':
      return 'halt'
    case 'unknown':
      return 'suspect'
  }
}

export function wordOf(state: RunState): string {
  switch (state.state) {
    case 'exited':
      return t('runs.states.exited', { status: state.status })
    case 'signalled':
      return t('runs.states.signalled', { signal: state.signal })
    case 'timed-out':
      return t(state.certain ? 'runs.states.timedOut' : 'runs.states.timedOutUncertain')
    case 'cancelled':
      return t(state.certain ? 'runs.states.cancelled' : 'runs.states.cancelledUncertain')
    case 'failed':
    case 'unknown':
      return problemText(state.problem).short
    case 'not-started':
      return t('runs.states.notStarted')
    case 'waiting':
    case 'connecting':
    case 'running':
      return t(`runs.states.${state.state}`)
  }
}

/** How long it took, or takes until now. */
export function timeOf({ beganAt, tookMs }: RunHost, now: number): string {
  if (tookMs !== null) return tookMs < 10_000 ? t('runs.seconds', { n: (tookMs / 1000).toFixed(1) }) : span(tookMs)
  return beganAt === null ? '' : span(Math.max(0, now - beganAt))
}

/** One row of the results: a host, or several of which all is the same. */
export interface RunRow {
  key: string
  hosts: RunHost[]
}

/** Those that have ended as groups, the largest first as the engine counted them; the others by what they do. */
export function groupsOf({ hosts }: RunView): RunRow[] {
  const groups = new Map<string, RunHost[]>()
  for (const host of hosts) {
    const key = host.group === null ? `state ${host.state.state}` : `group ${host.group}`
    const members = groups.get(key)
    if (members) members.push(host)
    else groups.set(key, [host])
  }
  const rank = ([, [first]]: [string, RunHost[]]) => first?.group ?? Number.MAX_SAFE_INTEGER
  return [...groups].sort((a, b) => rank(a) - rank(b)).map(([key, hosts]) => ({ key, hosts }))
}

export function hostRowsOf({ hosts }: RunView): RunRow[] {
  return hosts.map((host) => ({ key: `host ${host.hostId}`, hosts: [host] }))
}

/** Where it did not go well, for another try. */
export function failedOf({ hosts }: RunView): HostId[] {
  return hosts.filter(({ state }) => hasEnded(state) && !isSuccess(state)).map(({ hostId }) => hostId)
}

/** "8 of 12 done, 2 failed": those that were not begun are neither. */
export function summaryOf(run: RunView): string {
  const left = run.hosts.filter(({ state }) => state.state === 'not-started').length
  const done = run.hosts.filter(({ state }) => hasEnded(state)).length - left
  const failed = failedOf(run).length - left
  const all = run.hosts.length
  if (left > 0) return t(failed > 0 ? 'runs.doneFailedLeft' : 'runs.doneLeft', { done, all, failed, left })
  if (run.running) return failed > 0 ? t('runs.doneFailed', { done, all, failed }) : t('runs.done', { done, all })
  return failed > 0 ? t('runs.overFailed', { all, failed }) : t('runs.over', { all }, all)
}
