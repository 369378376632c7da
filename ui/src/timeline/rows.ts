/** An entry of the timeline as a person reads it. Pure. */
import type { DotShape } from '../connections/state-words'
import { t } from '../i18n'
import { clockTime, duration, sentences, span } from '../i18n/format'
import { problemText } from '../i18n/problem'
import type { Cause, Problem, TimelineEntry } from '../ipc'

export interface TimelineRow {
  number: number
  /** The time of day. */
  time: string
  atMs: number
  /** None for what is no state of a connection: what the person asked for, what the machine did. */
  shape: DotShape | null
  what: string
  /** Why, in words; empty where there is nothing to say. */
  cause: string
  /** Everything that is known of the cause, for a tooltip. */
  detail: string
  /** How long the state before lasted. */
  lasted: string
}

interface Told {
  shape: DotShape | null
  what: string
  cause?: string
  detail?: string
}

/** The class and the code in words, once where they are the same: `Reset`, `Local: unreachable`. */
function causeWords(cause: Cause, problem: Problem): { cause: string; detail: string } {
  const { short, text, fix } = problemText(problem)
  const kind = t(`causes.${cause}`)
  const same = kind.toLowerCase() === short.toLowerCase()
  return { cause: same ? kind : t('timeline.cause', { kind, short }), detail: sentences(text, fix) }
}

function nextTry(retryInMs: number | null): string {
  return retryInMs === null ? t('timeline.what.noNext') : t('timeline.what.next', { time: span(retryInMs) })
}

function tell(entry: TimelineEntry): Told {
  switch (entry.event) {
    case 'dialing':
      return {
        shape: 'retry',
        what: entry.attempt > 1 ? t('timeline.what.dialingAgain', { n: entry.attempt }) : t('timeline.what.dialing'),
      }
    case 'up':
      return {
        shape: 'up',
        what: entry.attempt > 1 ? t('timeline.what.upAgain', { n: entry.attempt }) : t('timeline.what.up'),
      }
    case 'suspect':
      return { shape: 'suspect', what: t('timeline.what.suspect') }
    case 'heard':
      return { shape: 'up', what: t('timeline.what.heard') }
    case 'down':
      return {
        shape: 'down',
        what: sentences(t('timeline.what.down'), nextTry(entry.retryInMs)),
        ...causeWords(entry.cause, entry.problem),
      }
    case 'tripped':
      return {
        shape: 'tripped',
        what: sentences(t('timeline.what.tripped'), nextTry(entry.retryInMs)),
        ...causeWords(entry.cause, entry.problem),
      }
    case 'halted':
      return { shape: 'halt', what: t('timeline.what.halted'), ...causeWords(entry.cause, entry.problem) }
    case 'closed':
      return { shape: 'idle', what: t('timeline.what.closed') }
    case 'lane-opened':
    case 'lane-closed':
      return { shape: null, what: t(`timeline.what.${entry.event}`, { n: entry.lanes }) }
    case 'retry-asked':
    case 'given-up':
    case 'network-changed':
      return { shape: null, what: t(`timeline.what.${entry.event}`) }
    case 'woke':
      return { shape: null, what: t('timeline.what.woke', { time: duration(entry.sleptMs) }) }
  }
}

export function timelineRow(entry: TimelineEntry): TimelineRow {
  const { shape, what, cause = '', detail = '' } = tell(entry)
  return {
    number: entry.number,
    time: clockTime(entry.atMs),
    atMs: entry.atMs,
    shape,
    what,
    cause,
    detail,
    lasted: entry.lastedMs === null ? '' : t('timeline.lasted', { time: span(entry.lastedMs) }),
  }
}
