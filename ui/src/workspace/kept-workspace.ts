/**
 * What is open outlives the page and the app: the engine keeps the terminals while the page is loaded anew, and which tabs there
 * were for the next start. Here is what is told to it, and what is made of what it says.
 */
import { useDebounceFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { t } from '../i18n'
import { useBackend, type BroughtBack, type Stop, type TerminalView, type Workspace, type WorkspaceTab } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { useSettings } from '../settings/settings'
import { showTerminal } from '../terminal/sessions'
import type { Dock } from './dock'
import { readTabFacts } from './tab-facts'
import { useWorkspace, type Tab, type TabId } from './workspace'

/** The version of the document that this window writes. */
const VERSION = 1
/** A drag of a split changes sizes many times a second. */
const SAVE_AFTER_MS = 400
/** Until a tab that is not seen yet has a size of its own. */
const USUAL_SIZE = { cols: 80, rows: 24 }

export const useKeptWorkspace = defineStore('kept-workspace', () => {
  const workspace = useWorkspace()
  const settings = useSettings()
  const notices = useNotices()
  /** What was open when the app ended last, until it is brought back. */
  const last = shallowRef<Workspace | null>(null)
  const putAway = ref(false)
  const offered = computed(() => !putAway.value && settings.current.restore === 'ask' && (last.value?.tabs.length ?? 0) > 0)
  let dock: Dock | undefined
  let begun = false
  /** What is not known of the tabs and of the whole, of a newer Bowline. */
  let others: object = {}
  const otherOfTab = new Map<TabId, object>()
  const factsOfTab = new Map<TabId, object>()

  /** Call once the dock is there: shows what runs, then follows what changes. */
  async function begin(ofDock: Dock): Promise<Stop> {
    dock = ofDock
    await keep()
    const state = await useBackend().call('workspace', {})
    showRunning(state.current, state.terminals)
    last.value = state.last
    begun = true
    const stops = [
      watch(() => settings.current.restore, keep),
      watch(tabsToKeep, changed, { flush: 'post' }),
      () => (dock = undefined),
    ]
    if (last.value && workspace.tabs.size === 0 && settings.current.restore === 'always') await bringBack()
    return () => stops.forEach((stop) => stop())
  }

  async function keep(): Promise<void> {
    const wanted = settings.current.restore !== 'never'
    if (!wanted) last.value = null
    await attempt(() => useBackend().call('workspace_keep', { keep: wanted }))
  }

  /** The page was loaded anew: the terminals of the one before it run on. */
  function showRunning(current: Workspace | null, terminals: readonly TerminalView[]): void {
    const views = new Map(terminals.map((view) => [view.id, view]))
    const tabs: Tab[] = []
    for (const kept of current?.tabs ?? []) {
      const view = views.get(kept.terminal ?? -1)
      if (!view) continue
      views.delete(view.id)
      tabs.push(tabOf(kept, view))
    }
    for (const view of views.values()) tabs.push({ id: workspace.newTabId(), hostId: view.hostId, session: showTerminal(view) })
    if (tabs.length > 0) workspace.adopt(tabs, current?.layout ?? {})
    decorate(current?.tabs ?? [])
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

  /** Opens each host anew in its tab, below what it showed. */
  async function bringBack(): Promise<void> {
    const bringing = last.value
    if (!bringing) return
    last.value = null
    const { version: _version, layout, tabs: kept, savedAtMs: _savedAtMs, ...other } = bringing
    const alone = workspace.tabs.size === 0
    let lost = 0
    const tabs: Tab[] = []
    for (const tab of kept) {
      const back = await bringBackTerminal(tab)
      if (!back) continue
      const view: TerminalView = { id: back.terminal, hostId: tab.host, state: 'opening', title: '', bells: 0 }
      const brought = tabOf(tab, view)
      brought.session.reopened.value = back.scrollback === 'back'
      if (back.scrollback === 'lost') lost++
      tabs.push(brought)
    }
    others = other
    workspace.adopt(tabs, alone ? layout : undefined)
    decorate(kept)
    if (lost > 0) notices.toast(() => t('keptWorkspace.scrollbackLost', { n: lost }, lost), { tone: 'bad' })
    await save()
    await attempt(() => useBackend().call('workspace_forget_last', {}))
  }

  async function bringBackTerminal({ host, kept }: WorkspaceTab): Promise<BroughtBack | undefined> {
    let back: BroughtBack | undefined
    await attempt(async () => (back = await useBackend().call('terminal_bring_back', { host, kept, size: USUAL_SIZE })))
    return back
  }

  /** Not offered any more in this run. The palette still brings it back, and so does the next start if nothing is opened. */
  function notNow(): void {
    putAway.value = true
  }

  function tabsToKeep(): WorkspaceTab[] {
    return [...workspace.tabs.values()].map(({ id, hostId, session }) => {
      const { name, ...facts } = workspace.factsOf(id)
      return {
        ...otherOfTab.get(id),
        id,
        host: hostId,
        name,
        terminal: session.terminalId.value ?? null,
        kept: null,
        facts: { ...factsOfTab.get(id), ...facts },
      }
    })
  }

  const saveSoon = useDebounceFn(save, SAVE_AFTER_MS, { maxWait: 4 * SAVE_AFTER_MS })

  /** What lies where may be something else now. */
  function changed(): void {
    if (begun) void saveSoon()
  }

  async function save(): Promise<void> {
    if (!dock) return
    const document = { ...others, version: VERSION, layout: dock.layout(), tabs: tabsToKeep(), savedAtMs: 0 }
    // What cannot be kept now is tried again with the next change.
    await useBackend()
      .call('workspace_save', { workspace: document })
      .catch(() => {})
  }

  return { last, offered, begin, bringBack, notNow, changed }
})
