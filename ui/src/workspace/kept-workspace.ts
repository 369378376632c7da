/**
 * What is open outlives the page and the app: the engine keeps the terminals while the page is loaded anew, and which tabs there
 * were in which window for the next start. Here is what is told to it, and what is made of what it says.
 */
import { useDebounceFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { t } from '../i18n'
import { sentences } from '../i18n/format'
import { problemText } from '../i18n/problem'
import {
  toProblem,
  useBackend,
  type BroughtBack,
  type Place,
  type Problem,
  type Stop,
  type TerminalView,
  type Workspace,
  type WorkspaceTab,
  type WorkspaceWindow,
} from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { useSettings } from '../settings/settings'
import { showTerminal } from '../terminal/sessions'
import { readKeptPanes } from '../panes/kept-panes'
import { usePanes } from '../panes/panes'
import { usePipes } from '../pipes/pipes'
import { useRuns } from '../runs/runs'
import { useWindows } from '../windows/windows'
import type { Dock } from './dock'
import { readKeptWork, type KeptWork } from './kept-work'
import { readTabFacts } from './tab-facts'
import { useWorkspace, type Tab, type TabId } from './workspace'

/** A drag of a split changes sizes many times a second. */
const SAVE_AFTER_MS = 400
/** Until the engine is asked again what was sent here, when it could not say. */
const ARRIVALS_AGAIN_MS = 2000
/** Until a tab that is not seen yet has a size of its own. */
const USUAL_SIZE = { cols: 80, rows: 24 }

/** What did not come back of the last workspace. */
interface Missed {
  /** Terminals whose output is lost. */
  lost: number
  /** Tabs that were not opened at all: they may be another time. */
  tabs: Set<WorkspaceTab>
  /** Why, of the first of them. */
  problem?: Problem
}

export const useKeptWorkspace = defineStore('kept-workspace', () => {
  const workspace = useWorkspace()
  const settings = useSettings()
  const notices = useNotices()
  const windows = useWindows()
  const panes = usePanes()
  const pipes = usePipes()
  const runs = useRuns()
  /** What was open when the app ended last, until it is brought back. */
  const last = shallowRef<Workspace | null>(null)
  const putAway = ref(false)
  /** It was to come back, and not all of it did. */
  const missing = ref(false)
  /** Its tabs, of all windows. */
  const lastTabs = computed(() => (last.value ? [last.value, ...last.value.windows].flatMap(({ tabs }) => tabs) : []))
  const offered = computed(() => {
    const wanted = settings.current.restore === 'ask' || missing.value
    return wanted && !putAway.value && lastTabs.value.length > 0
  })
  let dock: Dock | undefined
  let begun = false
  let arrivalsRefused = false
  let arrivalsAgain: ReturnType<typeof setTimeout> | undefined
  /** What is not known of the tabs and of the whole, of a newer Bowline. */
  let others: object = {}
  const otherOfTab = new Map<TabId, object>()
  const factsOfTab = new Map<TabId, object>()

  /** Call once the dock is there: shows what runs, then follows what changes. */
  async function begin(ofDock: Dock): Promise<Stop> {
    dock = ofDock
    await keep()
    const state = await useBackend().call('workspace', { window: windows.own })
    // A terminal that was opened meanwhile is among them, and its tab may not know its number yet.
    await Promise.all([...workspace.tabs.values()].map(({ session }) => session.opened()))
    showRunning(state.current, state.terminals)
    last.value = state.last
    begun = true
    const stops = [
      watch(() => settings.current.restore, keep),
      watch(tabsToKeep, changed, { flush: 'post' }),
      watch(panes.kept, changed, { flush: 'post', deep: true }),
      watch(keptWork, changed, { flush: 'post', deep: true }),
      watch(
        () => windows.view,
        (now, before) => {
          const closed = before.windows.some(({ id }) => !now.windows.some((other) => other.id === id))
          void takeArrivals(closed)
        },
      ),
      watch(() => workspace.tabs.size + workspace.pages.size, closeEmpty),
      followPlace(changed),
      () => (dock = undefined),
    ]
    // Only when it is said that they are here have they arrived.
    await takeArrivals(false)
    if (last.value && workspace.tabs.size === 0 && settings.current.restore === 'always') {
      // The keyring may ask the person first: nobody else waits for that.
      void attempt(bringBack)
    }
    return () => stops.forEach((stop) => stop())
  }

  async function keep(): Promise<void> {
    const wanted = settings.current.restore !== 'never'
    if (!wanted) last.value = null
    await attempt(() => useBackend().call('workspace_keep', { keep: wanted }))
  }

  /** The page was loaded anew: the terminals of the one before it run on. */
  function showRunning(current: WorkspaceWindow | null, terminals: readonly TerminalView[]): void {
    const views = unshown(terminals)
    const tabs: Tab[] = []
    for (const kept of current?.tabs ?? []) {
      const view = views.get(kept.terminal ?? -1)
      if (!view) continue
      views.delete(view.id)
      tabs.push(tabOf(kept, view))
    }
    for (const view of views.values()) tabs.push({ id: workspace.newTabId(), hostId: view.hostId, session: showTerminal(view) })
    // Each of them comes to the front when it is added; which one was there is said by the layout.
    const front = workspace.activeId
    bringBackPanes(current)
    bringBackWork(current)
    workspace.shown(front)
    if (tabs.length > 0 || workspace.pages.size > 0) workspace.adopt(tabs, current?.layout ?? {})
    decorate(current?.tabs ?? [])
  }

  /** The terminals that have no tab here, by their numbers. */
  function unshown(terminals: readonly TerminalView[]): Map<number, TerminalView> {
    const shown = new Set([...workspace.tabs.values()].map(({ session }) => session.terminalId.value))
    return new Map(terminals.filter(({ id }) => !shown.has(id)).map((view) => [view.id, view]))
  }

  /** Tabs of another window were sent here. They are said to be here at once, or they would be sent again. */
  async function takeArrivals(ofClosed: boolean): Promise<void> {
    clearTimeout(arrivalsAgain)
    if (!dock || windows.arriving === 0) return
    try {
      await showArrivals(ofClosed)
      arrivalsRefused = false
    } catch (thrown) {
      // No other window shows them. It is said once, and tried until they are here.
      const rethrow = () => {
        throw thrown
      }
      if (!arrivalsRefused) void attempt(rethrow)
      arrivalsRefused = true
      clearTimeout(arrivalsAgain)
      arrivalsAgain = setTimeout(() => void takeArrivals(ofClosed), ARRIVALS_AGAIN_MS)
    }
  }

  async function showArrivals(ofClosed: boolean): Promise<void> {
    const { current, terminals } = await useBackend().call('workspace', { window: windows.own })
    const views = unshown(terminals)
    const sent = (current?.tabs ?? []).filter(({ terminal }) => views.has(terminal ?? -1))
    const tabs = sent.flatMap((kept) => {
      const view = views.get(kept.terminal ?? -1)
      return view ? [tabOf(kept, view)] : []
    })
    if (tabs.length > 0) {
      workspace.adopt(tabs)
      decorate(sent)
      workspace.show(tabs.at(-1)?.id ?? '')
      if (ofClosed) notices.toast(() => t('windows.cameBack', { n: tabs.length }, tabs.length))
    }
    await save()
  }

  /** A window that tabs were torn off into ends with the last of them, unless Bowline would end with it. */
  async function closeEmpty(now: number, before: number): Promise<void> {
    if (windows.isMain || now > 0 || workspace.pages.size > 0 || before === 0 || windows.others.length === 0) return
    // The engine shall know that nothing is left to be given to another window.
    await save()
    await attempt(() => useBackend().call('window_close', {}))
  }

  /** Two panes of files, which the engine keeps without knowing what they are. */
  function bringBackPanes(of: object | null): void {
    panes.bringBack(readKeptPanes((of as { panes?: unknown } | null)?.panes))
  }

  const keptWork = (): KeptWork => ({ run: runs.keptRun(), pipes: pipes.kept() })

  /** Commands and pipes run in the engine, so their tabs come back to them; after a restart there are none. */
  function bringBackWork(of: object | null): void {
    const work = readKeptWork((of as { work?: unknown } | null)?.work)
    pipes.bringBack(work.pipes)
    runs.bringBack(work.run)
  }

  /** Gives tabs back what a person decided about them. */
  function decorate(kept: readonly WorkspaceTab[]): void {
    for (const { id, name, facts } of kept) workspace.setFacts(id, readTabFacts({ ...facts, name }))
  }

  function tabOf(kept: WorkspaceTab, view: TerminalView): Tab {
    const { id, host, name: _name, terminal: _terminal, kept: _kept, facts: _facts, ...other } = kept
    otherOfTab.set(id, other)
    factsOfTab.set(id, kept.facts)
    return { id, hostId: host, session: showTerminal(view) }
  }

  /** Opens each host anew in its tab, below what it showed. What cannot be opened now stays to be brought back. */
  async function bringBack(): Promise<void> {
    const bringing = last.value
    if (!bringing) return
    last.value = null
    const { version: _version, layout, tabs, windows: torn, savedAtMs: _savedAtMs, ...other } = bringing
    others = other
    const missed: Missed = { lost: 0, tabs: new Set() }
    bringBackPanes(other)
    // What was only in other windows is none the worse for lying in this one.
    const [here, ...elsewhere] = [{ layout, tabs, place: null }, ...torn].filter((one) => one.tabs.length > 0)
    if (here) await bringBackHere(here.tabs, workspace.tabs.size === 0 ? here.layout : undefined, missed)
    for (const one of elsewhere) await bringBackWindow(one, missed)
    const { lost } = missed
    if (lost > 0) notices.toast(() => t('keptWorkspace.scrollbackLost', { n: lost }, lost), { tone: 'bad' })
    await save()
    if (missed.tabs.size === 0) await attempt(() => useBackend().call('workspace_forget_last', {}))
    else if (settings.current.restore !== 'never') offerAgain(bringing, missed)
  }

  function offerAgain(bringing: Workspace, { tabs: left, problem }: Missed): void {
    const stillOf = (tabs: readonly WorkspaceTab[]) => tabs.filter((tab) => left.has(tab))
    const windowsLeft = bringing.windows.map((one) => ({ ...one, tabs: stillOf(one.tabs) }))
    last.value = { ...bringing, tabs: stillOf(bringing.tabs), windows: windowsLeft }
    missing.value = true
    putAway.value = false
    const n = left.size
    notices.toast(() => sentences(problem ? problemText(problem).text : '', t('keptWorkspace.missing', { n }, n)), {
      tone: 'bad',
      action: { label: () => t('keptWorkspace.again'), run: bringBack },
    })
  }

  async function bringBackHere(kept: readonly WorkspaceTab[], layout: unknown, missed: Missed): Promise<void> {
    const back = await bringBackTerminals(kept, missed)
    if (back.length === 0) return
    const tabs = back.map(({ tab, scrollback, terminal }) => {
      const view: TerminalView = { id: terminal, hostId: tab.host, state: 'opening', title: '', bells: 0 }
      const brought = tabOf(tab, view)
      brought.session.reopened.value = scrollback === 'back'
      return brought
    })
    workspace.adopt(tabs, layout)
    decorate(kept)
  }

  /** The same, in a window of its own where it was. */
  async function bringBackWindow(one: WorkspaceWindow, missed: Missed): Promise<void> {
    const back = await bringBackTerminals(one.tabs, missed)
    const tabs = back.map(({ tab, terminal }) => ({ ...tab, terminal, kept: null }))
    if (tabs.length === 0) return
    // Refused, they are sent to this window instead.
    await attempt(() => useBackend().call('window_open', { opened: { ...one, tabs } }))
  }

  async function bringBackTerminals(kept: readonly WorkspaceTab[], missed: Missed) {
    const back: (BroughtBack & { tab: WorkspaceTab })[] = []
    for (const tab of kept) {
      try {
        const size = USUAL_SIZE
        back.push({ ...(await useBackend().call('terminal_bring_back', { host: tab.host, kept: tab.kept, size })), tab })
      } catch (thrown) {
        missed.tabs.add(tab)
        missed.problem ??= toProblem(thrown)
      }
    }
    missed.lost += back.filter(({ scrollback }) => scrollback === 'lost').length
    return back
  }

  /** Not offered any more in this run. The palette still brings it back, and so does the next start if nothing is opened. */
  function notNow(): void {
    putAway.value = true
  }

  function tabsToKeep(): WorkspaceTab[] {
    return [...workspace.tabs.keys()].flatMap((id) => entryOf(id) ?? [])
  }

  /** A tab as another window or another run gets it. */
  function entryOf(id: TabId): WorkspaceTab | undefined {
    const tab = workspace.tabs.get(id)
    if (!tab) return undefined
    const { name, ...facts } = workspace.factsOf(id)
    return {
      ...otherOfTab.get(id),
      id,
      host: tab.hostId,
      name,
      terminal: tab.session.terminalId.value ?? null,
      kept: null,
      facts: { ...factsOfTab.get(id), ...facts },
    }
  }

  const saveSoon = useDebounceFn(save, SAVE_AFTER_MS, { maxWait: 4 * SAVE_AFTER_MS })

  /** What lies where may be something else now. */
  function changed(): void {
    if (begun) void saveSoon()
  }

  async function save(): Promise<void> {
    if (!dock) return
    const place = windows.isMain ? null : placeOfWindow()
    const said = { ...others, layout: dock.layout(), tabs: tabsToKeep(), place, panes: panes.kept(), work: keptWork() }
    // What cannot be kept now is tried again with the next change.
    await useBackend()
      .call('workspace_save', { window: windows.own, tabs: said })
      .catch(() => {})
  }

  return { last, lastTabs, offered, begin, bringBack, notNow, changed, entryOf }
})

function placeOfWindow(): Place {
  const { screenX, screenY, innerWidth, innerHeight } = window
  return { x: Math.round(screenX), y: Math.round(screenY), width: innerWidth, height: innerHeight }
}

/** Nothing says that a window was moved; it is looked at when its size changes, and when a person comes to it or leaves it. */
function followPlace(changed: () => void): Stop {
  const moments = ['resize', 'focus', 'blur'] as const
  moments.forEach((moment) => window.addEventListener(moment, changed))
  return () => moments.forEach((moment) => window.removeEventListener(moment, changed))
}
