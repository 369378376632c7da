/**
 * The open tabs: one session each. Where they lie on the screen is the dock's business (`dock.ts`); this store says what there is,
 * which one is active and what it is called.
 */
import { defineStore } from 'pinia'
import { computed, nextTick, ref, shallowReactive, shallowRef, watch } from 'vue'
import { hostName, useHosts } from '../hosts/hosts'
import type { HostId } from '../ipc'
import { closeSession, openSession } from '../terminal/sessions'
import { Awake } from './awake'
import type { TerminalSession } from '../terminal/session'
import type { Dock } from './dock'
import { tabLabels } from './tab-labels'

export type TabId = string

export interface Tab {
  readonly id: TabId
  readonly hostId: HostId
  readonly session: TerminalSession
}

export interface OpenOptions {
  /** Beside the active pane instead of as a tab in it. */
  split?: 'right' | 'down' | undefined
}

/** Tabs that "Reopen closed tab" remembers. */
const CLOSED_TABS = 20

const NAME_CHARACTERS = 80

export const useWorkspace = defineStore('workspace', () => {
  const hosts = useHosts()
  const tabs = shallowReactive(new Map<TabId, Tab>())
  /** Names that a person gave. */
  const names = shallowReactive(new Map<TabId, string>())
  /** Tabs whose bell rang while they were not looked at. */
  const ringing = shallowReactive(new Set<TabId>())
  const activeId = ref<TabId | null>(null)
  const renamingId = ref<TabId | null>(null)
  const closed = shallowRef<HostId[]>([])
  let dock: Dock | undefined
  /** Names of tabs are kept beyond this run, so no two runs may give the same. */
  const run = Date.now().toString(36)
  let nextTab = 1
  /** Tabs that have a browser's terminal; the others have only the engine's. */
  const awake = new Awake()
  const bellStops = new Map<TabId, () => void>()

  const active = computed(() => (activeId.value === null ? undefined : tabs.get(activeId.value)))
  const activeHostId = computed(() => active.value?.hostId ?? null)
  /** What hosts were called last, for the tabs of one that was deleted. */
  const lastNames = new Map<HostId, string>()
  function nameOf(hostId: HostId): string {
    const host = hosts.find(hostId)
    if (host) lastNames.set(hostId, hostName(host))
    return lastNames.get(hostId) ?? hostId
  }
  const labels = computed(() =>
    tabLabels(
      [...tabs.values()].map(({ id, hostId, session }) => {
        return { id, host: nameOf(hostId), given: names.get(id), title: session.title.value }
      }),
    ),
  )

  function attachDock(next: Dock): void {
    dock = next
    for (const tab of tabs.values()) next.add(tab.id, undefined)
  }

  function newTabId(): TabId {
    return `tab-${run}-${nextTab++}`
  }

  function put(tab: Tab): void {
    tabs.set(tab.id, tab)
    bellStops.set(
      tab.id,
      watch(tab.session.bells, () => ring(tab.id)),
    )
  }

  /** Takes in tabs of terminals that there are, and lays them out as they were; without a layout as tabs of the active pane. */
  function adopt(adopted: readonly Tab[], layout?: unknown): void {
    adopted.forEach(put)
    const ids = adopted.map(({ id }) => id)
    if (layout !== undefined) dock?.restore(layout, ids)
    else ids.forEach((id) => dock?.add(id, undefined))
    const first = dock?.activeId ?? ids[0]
    if (first !== undefined) show(first)
  }

  /** What can be seen may be something else now. */
  function looked(): void {
    awake.see((dock?.visible() ?? []).filter((id) => tabs.has(id)))
  }

  function detachDock(): void {
    dock = undefined
  }

  /** Opens a terminal on a saved host in a new tab, which gets the focus. */
  function openHost(hostId: HostId, options: OpenOptions = {}): TabId {
    const tab: Tab = { id: newTabId(), hostId, session: openSession(hostId) }
    put(tab)
    dock?.add(tab.id, options.split)
    show(tab.id)
    return tab.id
  }

  function show(id: TabId): void {
    if (!tabs.has(id)) return
    activeId.value = id
    ringing.delete(id)
    dock?.show(id)
    focusActive()
  }

  /** The dock says that another tab was chosen or dragged. */
  function shown(id: TabId | null): void {
    activeId.value = id
    if (id !== null) ringing.delete(id)
  }

  /** Gives the active terminal the keyboard, once what is being drawn is drawn. */
  function focusActive(): void {
    void nextTick(() => active.value?.session.surface.focus())
  }

  function close(id: TabId): void {
    const tab = tabs.get(id)
    if (!tab) return
    closed.value = [...closed.value, tab.hostId].slice(-CLOSED_TABS)
    dock?.remove(id)
    tabs.delete(id)
    names.delete(id)
    ringing.delete(id)
    bellStops.get(id)?.()
    bellStops.delete(id)
    awake.forget(id)
    if (renamingId.value === id) renamingId.value = null
    closeSession(tab.session)
    activeId.value = dock?.activeId ?? null
    focusActive()
  }

  function closeActive(): void {
    if (activeId.value !== null) close(activeId.value)
  }

  /** Another terminal on the active one's host, as a tab or in a pane of its own. */
  function openBeside(split?: OpenOptions['split']): void {
    const tab = active.value
    if (tab) openHost(tab.hostId, { split })
  }

  function search(): void {
    const session = active.value?.session
    if (!session) return
    // Again while it is open: back into its field, as it is mounted anew.
    session.searching.value = false
    void nextTick(() => (session.searching.value = true))
  }

  function reopenClosed(): void {
    const last = closed.value.at(-1)
    if (last === undefined) return
    closed.value = closed.value.slice(0, -1)
    openHost(last)
  }

  /** An empty name takes the given one back. */
  function rename(id: TabId, name: string): void {
    const given = name.trim().slice(0, NAME_CHARACTERS)
    if (given) names.set(id, given)
    else names.delete(id)
    renamingId.value = null
    focusActive()
  }

  function startRenaming(id: TabId | null): void {
    renamingId.value = id
  }

  function ring(id: TabId): void {
    if (id !== activeId.value) ringing.add(id)
  }

  /** The tab beside the active one in its pane, around the end. */
  function step(by: 1 | -1): void {
    const ids = dock?.siblings() ?? []
    const at = ids.indexOf(activeId.value ?? '')
    const next = ids.at((at + by + ids.length) % ids.length)
    if (next !== undefined) show(next)
  }

  /** The n-th tab of the active pane, from 1; 9 is the last one. */
  function select(n: number): void {
    const ids = dock?.siblings() ?? []
    const id = n === 9 ? ids.at(-1) : ids[n - 1]
    if (id !== undefined) show(id)
  }

  function focusPane(by: 1 | -1): void {
    const id = dock?.nextPane(by)
    if (id !== undefined) show(id)
  }

  return {
    tabs,
    names,
    ringing,
    labels,
    activeId,
    active,
    activeHostId,
    renamingId,
    closed,
    awake: awake.tabs,
    attachDock,
    detachDock,
    newTabId,
    adopt,
    looked,
    openHost,
    show,
    shown,
    focusActive,
    close,
    closeActive,
    openBeside,
    search,
    reopenClosed,
    rename,
    startRenaming,
    ring,
    step,
    select,
    focusPane,
  }
})
