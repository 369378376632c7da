/** Tells a person who looks elsewhere that a command which ran for a while has ended. */
import { t } from '../../i18n'
import { duration } from '../../i18n/format'
import { useBackend, type LongCommand, type ShellView, type Stop, type TerminalId } from '../../ipc'
import type { LongCommands } from '../../settings/settings'

/**
 * Which ends are news. What was there before the window was, and what is told again to a window that missed something, is none.
 * A pure machine: it is fed every view in order.
 */
export class LongCommandNews {
  readonly #told = new Map<TerminalId, number>()

  constructor(known: Iterable<ShellView>) {
    for (const { id, ended } of known) if (ended) this.#told.set(id, ended.number)
  }

  hear({ id, ended }: ShellView, after: LongCommands): LongCommand | undefined {
    if (!ended || this.#told.get(id) === ended.number) return undefined
    this.#told.set(id, ended.number)
    return after !== 'off' && ended.seconds >= Number(after) ? ended : undefined
  }
}

/** The words of a notification. */
export function longCommandText(ended: LongCommand, host: string): { title: string; body: string } {
  const time = duration(ended.seconds * 1000)
  const how = ended.status === null ? 'unknown' : ended.status === 0 ? 'ok' : 'failed'
  const body = t(`marks.ended.${how}`, { time, status: String(ended.status ?? '') })
  return {
    title: t('marks.endedTitle', { host }),
    body: ended.text === '' ? body : t('marks.endedText', { command: ended.text, how: body }),
  }
}

interface LongCommandWatch {
  known: Iterable<ShellView>
  after: () => LongCommands
  /** Whether this window has the terminal: another one tells of its own. */
  isOurs: (id: TerminalId) => boolean
  /** Whether the terminal is before the person's eyes. */
  isLookedAt: (id: TerminalId) => boolean
  /** The host's name; nothing for one that is not known. */
  hostName: (view: ShellView) => string | undefined
}

/** Call once at the start. */
export async function announceLongCommands(watch: LongCommandWatch): Promise<Stop> {
  const news = new LongCommandNews(watch.known)
  return useBackend().onEvent((event) => {
    if (event.type !== 'shell') return
    const ended = news.hear(event.data, watch.after())
    const host = watch.hostName(event.data)
    if (!ended || host === undefined || !watch.isOurs(event.data.id) || watch.isLookedAt(event.data.id)) return
    // A desktop without notifications, or a person who forbade them: the terminal shows it all the same.
    void useBackend()
      .call('notify', longCommandText(ended, host))
      .catch(() => undefined)
  })
}
