/** A connection's state as figures and words. Pure: the moment is given. */
import { t } from '../i18n'
import { duration, milliseconds, sentences, until } from '../i18n/format'
import { problemText } from '../i18n/problem'
import type { ConnectionState, ConnectionView } from '../ipc'

/** What a state looks like: each has a shape of its own, so that the colour is never needed. */
export type DotShape = 'idle' | 'up' | 'suspect' | 'retry' | 'down' | 'tripped' | 'halt'

export function dotShape(state: ConnectionState): DotShape {
  switch (state.state) {
    case 'idle':
    case 'up':
    case 'suspect':
    case 'tripped':
      return state.state
    case 'dialing':
    case 'authenticating':
      return 'retry'
    case 'down':
      return state.retryAtMs === null ? 'down' : 'retry'
    case 'halted':
      return 'halt'
  }
}

/** The state in a word or two: `connected`, `waiting to reconnect`. */
export function stateWord(state: ConnectionState): string {
  return state.state === 'down' && state.retryAtMs !== null ? t('states.waiting') : t(`states.${state.state}`)
}

/** The round trip while all is well, otherwise what counts now, for the end of a row. */
export function rowDetail(view: ConnectionView, now: number): string {
  switch (view.state) {
    case 'idle':
      return ''
    case 'up':
      return view.roundTripMs === null ? '' : milliseconds(view.roundTripMs)
    case 'suspect':
      return t('sidebar.silent', { time: duration(now - view.sinceMs) })
    case 'dialing':
      return view.attempt > 1 ? t('sidebar.trying', { n: view.attempt }) : t('states.dialing')
    case 'authenticating':
      return t('states.authenticating')
    case 'down':
      return view.retryAtMs === null ? problemText(view.problem).short : t('format.in', { time: until(view.retryAtMs, now) })
    case 'tripped':
      return t('format.in', { time: until(view.retryAtMs, now) })
    case 'halted':
      return problemText(view.problem).short
  }
}

/** Why it is not up, in whole sentences; empty while there is nothing to explain. Does not change with the clock. */
export function reason(state: ConnectionState): string {
  switch (state.state) {
    case 'idle':
    case 'dialing':
    case 'authenticating':
    case 'up':
    case 'suspect':
      return ''
    case 'down':
    case 'tripped':
      return problemText(state.problem).text
    case 'halted': {
      const { text, fix } = problemText(state.problem)
      return sentences(text, fix)
    }
  }
}
