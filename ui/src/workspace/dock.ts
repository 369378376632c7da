/**
 * Panes, their tab strips, dragging and splitting: dockview-core behind the few words that the workspace needs. Its elements are
 * handed out, and Vue fills them (see `Workspace.vue`).
 */
import {
  createDockview,
  type DockviewApi,
  type DockviewGroupPanel,
  type IContentRenderer,
  type ITabRenderer,
  type SerializedDockview,
} from 'dockview-core'
import type { Stop } from '../ipc'
import { pinnedFirst } from './tab-facts'
import { hiddenTabs } from './tab-overflow'
import { followTearOff } from './tear-off'
import type { TabId } from './workspace'
import './dock.css'

export type SplitTo = 'right' | 'left' | 'down' | 'up'

const DIRECTIONS = { right: 'right', left: 'left', down: 'below', up: 'above' } as const

export interface DockEvents {
  /** Where Vue puts a tab's content and its entry in the strip. */
  contentElement: (id: TabId, element: HTMLElement) => void
  tabElement: (id: TabId, element: HTMLElement) => void
  removed: (id: TabId) => void
  active: (id: TabId | null) => void
  /** Splits, sizes or order may be others now, or which tabs can be seen. */
  layout: () => void
  /** A tab was clicked: whoever does that wants to type into it. */
  clicked: () => void
  /** Asked by keys on a focused tab. */
  closeTab: (id: TabId) => void
  renameTab: (id: TabId) => void
  /** By the pointer or by a key; in pixels of the window. */
  tabMenu: (id: TabId, x: number, y: number) => void
  /** Dragged out of the window and let go there; in pixels of the screen. */
  tornOff: (id: TabId, x: number, y: number) => void
  isPinned: (id: TabId) => boolean
  /** The width of the pane in the top right corner, in pixels. */
  corner: (width: number) => void
  /** How many panes there are. */
  panes: (count: number) => void
  /** Where Vue puts what stands at the end of a pane's strip, and how many tabs of it cannot be seen. */
  stripEnd: (pane: string, element: HTMLElement) => void
  stripHides: (pane: string, tabs: number) => void
  paneRemoved: (pane: string) => void
  /** Text for a strip's accessible name. */
  stripName: () => string
}

/** A pane that is made smaller by keys keeps room for a few words. */
const SMALLEST_PANE = { width: 120, height: 90 }

export class Dock {
  readonly #api: DockviewApi
  readonly #observer: ResizeObserver
  /** The frame in which it is counted which tabs a strip hides. */
  #counting = 0
  readonly #stopTearOff: Stop

  constructor(
    private readonly root: HTMLElement,
    private readonly events: DockEvents,
  ) {
    this.#api = createDockview(root, {
      createComponent: ({ id }) => this.#content(id),
      createTabComponent: ({ id }) => this.#tab(id),
      createRightHeaderActionComponent: (group) => this.#stripEnd(group.id),
      theme: { name: 'bowline', className: 'dock', dndTabIndicator: 'line', dndPanelOverlay: 'content' },
      // HTML5 dragging is unreliable in web views, and the shell takes it for dropped files.
      dndStrategy: 'pointer',
      disableFloatingGroups: true,
      defaultRenderer: 'onlyWhenVisible',
      disableTabsOverflowList: true,
      scrollbars: 'native',
      noPanelsOverlay: 'emptyGroup',
      announcements: false,
    })
    this.#api.onDidActivePanelChange(({ panel }) => {
      events.active(panel?.id ?? null)
      this.#reveal(panel?.id)
      events.layout()
    })
    this.#api.onDidRemovePanel((panel) => events.removed(panel.id))
    this.#api.onDidLayoutChange(() => {
      this.#afterLayout()
      events.layout()
    })
    this.#observer = new ResizeObserver(() => this.#afterLayout())
    this.#api.onDidAddGroup((group) => this.#observer.observe(group.element))
    this.#api.onDidRemoveGroup((group) => {
      this.#observer.unobserve(group.element)
      events.paneRemoved(group.id)
    })
    root.addEventListener('wheel', this.#onWheel, { passive: true })
    root.addEventListener('keydown', this.#onKeydown)
    root.addEventListener('click', this.#onClick)
    root.addEventListener('contextmenu', this.#onContextMenu)
    root.addEventListener('scroll', this.#onScroll, { capture: true, passive: true })
    this.#stopTearOff = followTearOff(root, events.tornOff)
  }

  get activeId(): TabId | undefined {
    return this.#api.activePanel?.id
  }

  add(id: TabId, split: SplitTo | undefined): void {
    const reference = this.#api.activePanel
    const direction = split === undefined ? 'within' : DIRECTIONS[split]
    this.#api.addPanel({
      id,
      component: 'terminal',
      tabComponent: 'terminal',
      ...(reference ? { position: { referencePanel: reference, direction } } : {}),
    })
  }

  /** Splits, sizes and order as something that can be kept. Titles are left out: what a program calls itself may be anything. */
  layout(): unknown {
    const layout = this.#api.toJSON()
    for (const panel of Object.values(layout.panels)) delete panel.title
    return layout
  }

  /** Lays tabs out as they were. Of a layout that cannot be read they become tabs of one pane. */
  restore(layout: unknown, ids: readonly TabId[]): void {
    try {
      this.#api.fromJSON(layout as SerializedDockview)
    } catch {
      this.#api.clear()
    }
    for (const panel of [...this.#api.panels]) if (!ids.includes(panel.id)) this.#api.removePanel(panel)
    for (const id of ids) if (!this.#api.getPanel(id)) this.add(id, undefined)
  }

  /** The tabs that can be seen: one in each pane. */
  visible(): TabId[] {
    return this.#api.groups.flatMap((group) => group.activePanel?.id ?? [])
  }

  remove(id: TabId): void {
    const panel = this.#api.getPanel(id)
    if (panel) this.#api.removePanel(panel)
  }

  show(id: TabId): void {
    this.#api.getPanel(id)?.api.setActive()
    this.#reveal(id)
  }

  /** The tabs of the active pane in the order of its strip. */
  siblings(): TabId[] {
    return this.#api.activeGroup?.panels.map((panel) => panel.id) ?? []
  }

  /** The tab that each pane shows. */
  shownIds(): TabId[] {
    return this.#groupsInOrder().flatMap((group) => group.activePanel?.id ?? [])
  }

  /** The tab that is shown in the pane after or before the active one. */
  nextPane(by: 1 | -1): TabId | undefined {
    const groups = this.#groupsInOrder()
    const at = groups.findIndex((group) => group === this.#api.activeGroup)
    return groups.at((at + by + groups.length) % groups.length)?.activePanel?.id
  }

  /** Moves a tab into the pane after or before its own. */
  moveToPane(id: TabId, by: 1 | -1): void {
    const panel = this.#api.getPanel(id)
    const groups = this.#groupsInOrder()
    if (!panel || groups.length < 2) return
    const at = groups.findIndex((group) => group === panel.group)
    const group = groups.at((at + by + groups.length) % groups.length)
    if (group) panel.api.moveTo({ group })
  }

  /** Makes the active pane wider or taller by so many pixels, at the cost of its neighbours. */
  resizePane(width: number, height: number): void {
    const group = this.#api.activeGroup
    if (!group) return
    if (width !== 0) group.api.setSize({ width: Math.max(SMALLEST_PANE.width, group.api.width + width) })
    if (height !== 0) group.api.setSize({ height: Math.max(SMALLEST_PANE.height, group.api.height + height) })
  }

  /** Where a tab stands in its strip. */
  tabPlace(id: TabId): DOMRect | undefined {
    return this.#tabElement(id)?.getBoundingClientRect()
  }

  /** Puts pinned tabs first in each pane, wherever they were dropped. */
  arrange(): void {
    for (const group of this.#api.groups) {
      const ids = group.panels.map((panel) => panel.id)
      const active = group.activePanel?.id
      for (const [index, id] of pinnedFirst(ids, this.events.isPinned).entries()) {
        if (group.panels[index]?.id === id) continue
        this.#api.getPanel(id)?.api.moveTo({ group, index, skipSetActive: true })
      }
      if (active !== undefined && group.activePanel?.id !== active) this.#api.getPanel(active)?.api.setActive()
    }
  }

  /** Also the name that is read aloud. */
  setTitle(id: TabId, title: string): void {
    const panel = this.#api.getPanel(id)
    if (!panel || panel.title === title) return
    panel.api.setTitle(title)
    this.#countSoon()
  }

  dispose(): void {
    this.#stopTearOff()
    this.root.removeEventListener('scroll', this.#onScroll, { capture: true })
    this.root.removeEventListener('contextmenu', this.#onContextMenu)
    this.root.removeEventListener('click', this.#onClick)
    this.root.removeEventListener('keydown', this.#onKeydown)
    this.root.removeEventListener('wheel', this.#onWheel)
    cancelAnimationFrame(this.#counting)
    this.#observer.disconnect()
    this.#api.dispose()
  }

  /** As one reads: from the top, then from the left. */
  #groupsInOrder(): DockviewGroupPanel[] {
    const place = (group: DockviewGroupPanel) => group.element.getBoundingClientRect()
    return [...this.#api.groups].sort((a, b) => place(a).top - place(b).top || place(a).left - place(b).left)
  }

  #content(id: TabId): IContentRenderer {
    const element = document.createElement('div')
    element.className = 'dock-content'
    this.events.contentElement(id, element)
    return { element, init: () => {} }
  }

  #tab(id: TabId): ITabRenderer {
    const element = document.createElement('div')
    element.className = 'dock-tab'
    this.events.tabElement(id, element)
    return { element, init: () => {} }
  }

  #stripEnd(pane: string): { element: HTMLElement; init: () => void; dispose: () => void } {
    const element = document.createElement('div')
    element.className = 'dock-strip-end'
    this.events.stripEnd(pane, element)
    return { element, init: () => {}, dispose: () => {} }
  }

  #tabElement(id: TabId): HTMLElement | undefined {
    return this.#api.getPanel(id)?.view.tab.element.closest<HTMLElement>('.dv-tab') ?? undefined
  }

  readonly #onKeydown = (event: KeyboardEvent): void => {
    const tab = event.target instanceof HTMLElement && event.target.role === 'tab' ? event.target : null
    const id = tab?.dataset['tabPanelId']
    if (id === undefined) return
    if (event.key === 'Delete') this.events.closeTab(id)
    else if (event.key === 'F2') this.events.renameTab(id)
    else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      const place = tab?.getBoundingClientRect()
      this.events.tabMenu(id, place?.left ?? 0, place?.bottom ?? 0)
    } else return
    event.preventDefault()
  }

  /** The pointer leaves the focus on the tab, where keys are lost. By then the tab is the active one. */
  readonly #onClick = (event: MouseEvent): void => {
    const { target } = event
    if (target instanceof Element && target.closest('[role="tab"]') && !target.closest('input')) this.events.clicked()
  }

  readonly #onContextMenu = (event: MouseEvent): void => {
    const tab = event.target instanceof Element ? event.target.closest<HTMLElement>('[role="tab"]') : null
    const id = tab?.dataset['tabPanelId']
    if (id === undefined || (event.target instanceof Element && event.target.closest('input'))) return
    event.preventDefault()
    this.events.tabMenu(id, event.clientX, event.clientY)
  }

  readonly #onScroll = (event: Event): void => {
    if (event.target instanceof Element && event.target.matches('.dv-tabs-container')) this.#countSoon()
  }

  /** A wheel that only turns one way moves a strip of tabs too. */
  readonly #onWheel = (event: WheelEvent): void => {
    const strip = event.target instanceof Element ? event.target.closest('.dv-tabs-container') : null
    if (strip && event.deltaX === 0) strip.scrollLeft += event.deltaY
  }

  /** However many tabs there are, the active one can be seen. */
  #reveal(id: TabId | undefined): void {
    if (id === undefined) return
    requestAnimationFrame(() => this.#tabElement(id)?.scrollIntoView({ block: 'nearest', inline: 'nearest' }))
  }

  /** The strip in the top right corner leaves room for the button that lies there. */
  #afterLayout(): void {
    const whole = this.root.getBoundingClientRect()
    this.root.classList.toggle('dock-split', this.#api.groups.length > 1)
    for (const group of this.#api.groups) {
      const { top, right, width } = group.element.getBoundingClientRect()
      const corner = Math.abs(top - whole.top) < 2 && Math.abs(right - whole.right) < 2
      group.element.classList.toggle('dock-corner', corner)
      if (corner) this.events.corner(width)
      group.element.querySelector('.dv-tabs-container')?.setAttribute('aria-label', this.events.stripName())
    }
    this.arrange()
    this.events.panes(this.#api.groups.length)
    this.#countSoon()
    // Of every pane: one without the keyboard can be seen as well.
    for (const group of this.#api.groups) this.#reveal(group.activePanel?.id)
  }

  /** In the next frame: measuring a hundred tabs would hold up whatever has just begun. */
  #countSoon(): void {
    this.#counting ||= requestAnimationFrame(() => this.#countHidden())
  }

  /** Tabs that a strip has no room for. */
  #countHidden(): void {
    cancelAnimationFrame(this.#counting)
    this.#counting = 0
    for (const group of this.#api.groups) {
      const strip = group.element.querySelector('.dv-tabs-container')
      if (strip) this.events.stripHides(group.id, hiddenTabs(strip))
    }
  }
}
