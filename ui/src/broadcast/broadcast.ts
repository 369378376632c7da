/**
 * Input for many: what is typed or pasted into one of the terminals that take part goes to all of them. Kept in memory only, so
 * that no start of the window finds one that nobody remembers.
 */
import { defineStore } from 'pinia'
import { computed, shallowReactive, watch } from 'vue'
import { t } from '../i18n'
import { useNotices } from '../notices/notices'
import type { TerminalSession } from '../terminal/session'
import { isRecording } from '../terminal/targets'
import { useWorkspace, type TabId } from '../workspace/workspace'

/** More names than that are a number. */
const NAMES_SAID = 6

const alone = (): readonly TerminalSession[] => []

export const useBroadcast = defineStore('broadcast', () => {
  const workspace = useWorkspace()
  const notices = useNotices()
  const members = shallowReactive(new Set<TabId>())
  /** The session of each, also while its tab is being closed. */
  const sessions = shallowReactive(new Map<TabId, TerminalSession>())

  const count = computed(() => members.size)
  const active = computed(() => members.size > 0)
  const names = computed(() => [...members].map(nameOf))

  function nameOf(id: TabId): string {
    const { name = '', detail = '' } = workspace.labels.get(id) ?? {}
    return [name, detail].filter(Boolean).join(' ')
  }

  /** Open terminals that could take part (a recording takes no input), those of the pane in front first. */
  function candidates(): TabId[] {
    return workspace.tabIdsInOrder().filter((id) => {
      const tab = workspace.tabs.get(id)
      return tab !== undefined && !tab.session.ended && !isRecording(tab.hostId)
    })
  }

  /** Exactly these take part from now on. Fewer than two are none. */
  function start(ids: readonly TabId[]): void {
    const able = candidates().filter((id) => ids.includes(id))
    if (able.length < 2) return stop()
    for (const id of [...members]) if (!able.includes(id)) remove(id)
    able.forEach(add)
    const [n, said] = [able.length, listed(names.value)]
    notices.toast(() => t('many.broadcast.started', { n, names: said }))
  }

  function stop(): void {
    if (members.size === 0) return
    ;[...members].forEach(remove)
    notices.toast(() => t('many.broadcast.stopped'))
  }

  function join(id: TabId): void {
    if (members.size === 0 || members.has(id) || !candidates().includes(id)) return
    const name = nameOf(id)
    add(id)
    const n = members.size
    notices.toast(() => t('many.broadcast.joined', { name, n }))
  }

  function leave(id: TabId, name = nameOf(id)): void {
    if (!members.has(id)) return
    remove(id)
    const n = members.size
    notices.toast(() => t('many.broadcast.left', { name, n }))
    // One terminal alone is typed into as ever.
    if (n < 2) stop()
  }

  function has(session: TerminalSession): boolean {
    return [...sessions.values()].includes(session)
  }

  function add(id: TabId): void {
    const session = workspace.tabs.get(id)?.session
    if (!session || members.has(id)) return
    members.add(id)
    workspace.hold(id, true)
    sessions.set(id, session)
    session.peers = () => [...sessions.values()].filter((other) => other !== session)
  }

  function remove(id: TabId): void {
    const session = sessions.get(id)
    if (session) session.peers = alone
    members.delete(id)
    workspace.hold(id, false)
    sessions.delete(id)
  }

  function listed(all: readonly string[]): string {
    const said = all.slice(0, NAMES_SAID).join(', ')
    return all.length > NAMES_SAID ? `${said} …` : said
  }

  /** What a member was called last: a closed tab has no name any more. */
  const lastNames = new Map<TabId, string>()
  watch(names, () => members.forEach((id) => lastNames.set(id, nameOf(id) || (lastNames.get(id) ?? ''))), { flush: 'sync' })
  // A terminal that has ended is typed into to open it again, which is meant for it alone.
  watch(
    () => [...members].filter((id) => workspace.tabs.get(id)?.session.ended !== false),
    (gone) => gone.forEach((id) => leave(id, lastNames.get(id))),
    { flush: 'sync' },
  )

  return { members, count, active, names, candidates, start, stop, join, leave, has }
})
