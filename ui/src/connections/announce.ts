/** Tells a person who looks elsewhere that a session is back, or that it will not come back without them. */
import { t } from '../i18n'
import { duration, sentences } from '../i18n/format'
import { problemText } from '../i18n/problem'
import { useHosts, hostName } from '../hosts/hosts'
import { useBackend, type ConnectionView, type HostId, type Stop } from '../ipc'
import { useSettings } from '../settings/settings'
import { useWindows } from '../windows/windows'

export type Announcement = { kind: 'back'; lastedMs: number } | { kind: 'halted' }

/**
 * What became of connections that were up and had terminals. A pure machine: it is fed every view in order and says when
 * there is something to announce.
 */
export class LostConnections {
  readonly #states = new Map<HostId, ConnectionView['state']>()
  /** Since when each is lost. */
  readonly #since = new Map<HostId, number>()

  hear(view: ConnectionView, now: number): Announcement | undefined {
    const { hostId, state } = view
    const before = this.#states.get(hostId)
    this.#states.set(hostId, state)
    const wasUp = before === 'up' || before === 'suspect'
    if (wasUp && state !== 'up' && state !== 'suspect' && state !== 'idle' && view.terminals > 0) this.#since.set(hostId, now)
    const since = this.#since.get(hostId)
    if (since === undefined) return undefined
    const waits = state === 'dialing' || state === 'authenticating' || state === 'tripped'
    if (waits || (state === 'down' && view.retryAtMs !== null)) return undefined
    this.#since.delete(hostId)
    if (state === 'up') return { kind: 'back', lastedMs: now - since }
    return state === 'halted' ? { kind: 'halted' } : undefined
  }
}

export function isWindowLookedAt(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus()
}

/** Call once at the start. */
export async function announceConnections(): Promise<Stop> {
  const lost = new LostConnections()
  const settings = useSettings()
  const hosts = useHosts()
  const windows = useWindows()
  return useBackend().onEvent((event) => {
    if (event.type !== 'connection') return
    const view = event.data
    const news = lost.hear(view, Date.now())
    const host = hosts.find(view.hostId)
    // Once for all windows: if one is looked at, it is the one in front.
    if (!news || !host || !settings.current.notifications || !windows.isFront || isWindowLookedAt()) return
    const name = { host: hostName(host) }
    const said =
      news.kind === 'back'
        ? { title: t('notifications.back', name), body: t('notifications.backText', { time: duration(news.lastedMs) }) }
        : { title: t('notifications.halted', name), body: view.state === 'halted' ? whole(view.problem) : '' }
    // A desktop without notifications, or a person who forbade them: the window says it all the same.
    void useBackend()
      .call('notify', said)
      .catch(() => undefined)
  })
}

function whole(problem: Extract<ConnectionView, { state: 'halted' }>['problem']): string {
  const { text, fix } = problemText(problem)
  return sentences(text, fix)
}
