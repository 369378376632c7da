/**
 * The open tabs: one session each. Where they lie on the screen is the dock's business (`dock.ts`); this store says what there is,
 * which one is active and what it is called.
 */
import { defineStore } from 'pinia'
import { computed, nextTick, ref, shallowReactive, shallowRef, watch } from 'vue'
import { hostName, useHosts } from '../hosts/hosts'
import type { HostId } from '../ipc'
import { closeSession, leaveSession, openSession } from '../terminal/sessions'
import { Awake } from './awake'
import { useShells } from '../terminal/shells'
import type { TerminalSession } from '../terminal/session'
import { isHost, targetName } from '../terminal/targets'
import type { Dock, SplitTo } from './dock'
import { NAME_CHARACTERS, type TabColour, type TabFacts } from './tab-facts'
import { tabLabels, type TabLabel } from './tab-labels'

export type TabId = string

export interface Tab {
  readonly id: TabId
  readonly hostId: HostId
  readonly session: TerminalSession
}

/** A tab that is no terminal: a file that is being changed, or the files of two places. */
export interface TabPage {
  readonly id: TabId
  /** The host that it is about. */
  readonly hostId: HostId | null
  label: () => TabLabel
  /** It has something that would be lost with it. */
  isUnsaved: () => boolean
  focus: () => void
  /** As a person closes it: closes it, or asks first. */
  askClose: () => void
  closed: () => void
}

export interface OpenOptions {
  /** Beside the active pane instead of as a tab in it. */
  split?: SplitTo | undefined
}

/** Where the menu of a tab opens, in pixels of the window. */
export interface TabMenuPlace {
  id: TabId
  x: number
  y: number
}

/** Tabs that "Reopen closed tab" remembers. */
const CLOSED_TABS = 20

export const useWorkspace = defineStore('workspace', () => {
  const hosts = useHosts()
  const shells = useShells()
  const tabs = shallowReactive(new Map<TabId, Tab>())
  const pages = shallowReactive(new Map<TabId, TabPage>())
  /** Names that a person gave. */
  const names = shallowReactive(new Map<TabId, string>())
  const colours = shallowReactive(new Map<TabId, TabColour>())
  const pinned = shallowReactive(new Set<TabId>())
  /** A pinned tab that is to be closed: the person is asked. */
  const closingPinned = ref<TabId | null>(null)
  const menu = shallowRef<TabMenuPlace | null>(null)
  const paneCount = ref(0)
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
  /** Null also for a terminal that is on no host: a local shell, a recording. */
  const activeHostId = computed(() => {
    const hostId = active.value?.hostId ?? pages.get(activeId.value ?? '')?.hostId
    return hostId && isHost(hostId) ? hostId : null
  })
  /** What hosts were called last, for the tabs of one that was deleted. */
  const lastNames = new Map<HostId, string>()
  function nameOf(hostId: HostId): string {
    const other = targetName(hostId)
    if (other !== undefined) return other
    const host = hosts.find(hostId)
    if (host) lastNames.set(hostId, hostName(host))
    return lastNames.get(hostId) ?? hostId
  }
  const labels = computed(() => {
    const terminals = [...tabs.values()].map(({ id, hostId, session }) => {
      return {
        id,
        host: nameOf(hostId),
        given: names.get(id),
        title: session.title.value,
        directory: shells.shownDirectoryOf(session.terminalId.value),
      }
    })
    const others = [...pages.values()].map((page) => [page.id, page.label()] as const)
    return new Map([...tabLabels(terminals), ...others])
  })

  function attachDock(next: Dock): void {
    dock = next
    for (const id of [...tabs.keys(), ...pages.keys()]) next.add(id, undefined)
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

  /**
   * Takes in tabs of terminals that there are, and lays them out as they were; without a layout as tabs of the active pane. A tab
   * that was opened while they were on their way is in no layout: it stays, and keeps the keyboard.
   */
  function adopt(adopted: readonly Tab[], layout?: unknown): void {
    const before = layout === undefined ? null : activeId.value
    adopted.forEach(put)
    const ids = adopted.map(({ id }) => id)
    if (layout !== undefined) dock?.restore(layout, [...tabs.keys(), ...pages.keys()])
    else ids.forEach((id) => dock?.add(id, undefined))
    const first = before ?? dock?.activeId ?? ids[0]
    if (first !== undefined) show(first)
  }

  /** What can be seen may be something else now. */
  function looked(): void {
    awake.see((dock?.visible() ?? []).filter((id) => tabs.has(id)))
  }

  /** Keeps a hidden tab's browser terminal, or no longer. */
  function hold(id: TabId, on: boolean): void {
    if (!on) awake.release(id)
    else if (tabs.has(id)) awake.hold(id)
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

  /** A tab that is no terminal, in the active pane. */
  function addPage(page: TabPage): void {
    pages.set(page.id, page)
    dock?.add(page.id, undefined)
  }

  function openPage(page: TabPage): void {
    addPage(page)
    show(page.id)
  }

  function show(id: TabId): void {
    if (!tabs.has(id) && !pages.has(id)) return
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
    void nextTick(() => {
      if (active.value) active.value.session.surface.focus()
      else pages.get(activeId.value ?? '')?.focus()
    })
  }

  function close(id: TabId): void {
    if (pages.has(id)) return closePage(id)
    const tab = take(id)
    if (!tab) return
    closed.value = [...closed.value, tab.hostId].slice(-CLOSED_TABS)
    closeSession(tab.session)
  }

  function closePage(id: TabId): void {
    const page = pages.get(id)
    dock?.remove(id)
    pages.delete(id)
    activeId.value = dock?.activeId ?? null
    focusActive()
    page?.closed()
  }

  /** Its terminal goes on in another window. */
  function release(id: TabId): void {
    const tab = take(id)
    if (tab) leaveSession(tab.session)
  }

  function take(id: TabId): Tab | undefined {
    const tab = tabs.get(id)
    if (!tab) return undefined
    dock?.remove(id)
    tabs.delete(id)
    names.delete(id)
    colours.delete(id)
    pinned.delete(id)
    ringing.delete(id)
    bellStops.get(id)?.()
    bellStops.delete(id)
    awake.forget(id)
    if (renamingId.value === id) renamingId.value = null
    activeId.value = dock?.activeId ?? null
    focusActive()
    return tab
  }

  /** As a person closes one: a pinned tab is asked about. */
  function askClose(id: TabId): void {
    const page = pages.get(id)
    if (page) page.askClose()
    else if (pinned.has(id)) closingPinned.value = id
    else close(id)
  }

  function closeActive(): void {
    if (activeId.value !== null) askClose(activeId.value)
  }

  /** What of the active pane would be closed besides the active tab; never a pinned one, and none with unsaved text. */
  function others(which: 'all' | 'right'): TabId[] {
    const ids = dock?.siblings() ?? []
    const from = which === 'right' ? ids.indexOf(activeId.value ?? '') + 1 : 0
    return ids.slice(from).filter((id) => id !== activeId.value && !pinned.has(id) && !pages.get(id)?.isUnsaved())
  }

  function closeOthers(id: TabId): void {
    show(id)
    others('all').forEach(close)
    show(id)
  }

  function closeRight(id: TabId): void {
    show(id)
    others('right').forEach(close)
    show(id)
  }

  /** Another terminal on the same host that looks the same. */
  function duplicate(id: TabId): void {
    const tab = tabs.get(id)
    if (!tab) return
    const facts = factsOf(id)
    show(id)
    setFacts(openHost(tab.hostId), { ...facts, pinned: false })
  }

  function factsOf(id: TabId): TabFacts {
    return { name: names.get(id) ?? null, colour: colours.get(id) ?? null, pinned: pinned.has(id) }
  }

  function setFacts(id: TabId, facts: TabFacts): void {
    if (!tabs.has(id)) return
    if (facts.name === null) names.delete(id)
    else names.set(id, facts.name)
    setColour(id, facts.colour)
    setPinned(id, facts.pinned)
  }

  function setColour(id: TabId, colour: TabColour | null): void {
    if (colour === null) colours.delete(id)
    else if (tabs.has(id)) colours.set(id, colour)
  }

  function setPinned(id: TabId, on: boolean): void {
    if (!on) pinned.delete(id)
    else if (tabs.has(id)) pinned.add(id)
    dock?.arrange()
  }

  function openMenu(place: TabMenuPlace | null): void {
    // Its actions are those on terminals.
    if (place && pages.has(place.id)) return show(place.id)
    menu.value = place
    // Without the keyboard, which the menu has.
    if (place) dock?.show(place.id)
  }

  function openMenuOfActive(): void {
    const place = activeId.value === null ? undefined : dock?.tabPlace(activeId.value)
    if (activeId.value !== null && place) openMenu({ id: activeId.value, x: place.left, y: place.bottom })
  }

  /** The dock says how many panes there are. */
  function panes(count: number): void {
    paneCount.value = count
  }

  function moveToPane(by: 1 | -1): void {
    if (activeId.value === null) return
    dock?.moveToPane(activeId.value, by)
    show(activeId.value)
  }

  function resizePane(width: number, height: number): void {
    dock?.resizePane(width, height)
  }

  /** What can be seen now, one of each pane. */
  function visibleIds(): TabId[] {
    return dock?.shownIds() ?? []
  }

  /** The tabs of the active pane. */
  function paneIds(): TabId[] {
    return dock?.siblings() ?? []
  }

  /** Those of the active pane first. */
  function tabIdsInOrder(): TabId[] {
    return [...new Set([...(dock?.siblings() ?? []), ...tabs.keys(), ...pages.keys()])]
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
    if (id !== null && pages.has(id)) return
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
    pages,
    addPage,
    names,
    colours,
    pinned,
    closingPinned,
    menu,
    paneCount,
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
    hold,
    openHost,
    openPage,
    show,
    shown,
    focusActive,
    close,
    release,
    askClose,
    closeActive,
    others,
    closeOthers,
    closeRight,
    duplicate,
    factsOf,
    setFacts,
    setColour,
    setPinned,
    openMenu,
    openMenuOfActive,
    panes,
    moveToPane,
    resizePane,
    visibleIds,
    paneIds,
    tabIdsInOrder,
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
