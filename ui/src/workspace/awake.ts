/**
 * Which tabs have a browser's terminal: those that can be seen and the few that were seen last. Each costs megabytes and time for
 * every chunk of output; all others live in the engine, which fills a new one from its own screen faster than one notices.
 */
import { shallowReactive } from 'vue'
import type { TabId } from './workspace'

/** Tabs that are kept beside those that can be seen: as many as one goes back and forth between. */
export const AWAKE_HIDDEN_TABS = 6

/** Taking a browser's terminal down takes time that whoever has just chosen another tab is waiting for. */
export const REST_AFTER_MS = 500

export class Awake {
  readonly tabs = shallowReactive(new Set<TabId>())
  /** The one that was seen last comes first. */
  #seen: TabId[] = []
  readonly #held = new Set<TabId>()

  #visible = 0
  #resting: ReturnType<typeof setTimeout> | undefined

  /** These can be seen now, and no others. */
  see(visible: readonly TabId[]): void {
    this.#seen = [...visible, ...this.#seen.filter((id) => !visible.includes(id))]
    this.#visible = visible.length
    for (const id of visible) this.tabs.add(id)
    const many = this.#seen.length > visible.length + AWAKE_HIDDEN_TABS
    if (many && this.#resting === undefined) this.#resting = setTimeout(() => this.#rest(), REST_AFTER_MS)
  }

  #rest(): void {
    this.#resting = undefined
    const beyond = this.#seen.splice(this.#visible + AWAKE_HIDDEN_TABS)
    for (const id of beyond) {
      if (this.#held.has(id)) this.#seen.push(id)
      else this.tabs.delete(id)
    }
  }

  /** Stays awake whether it is seen or not: what is typed for it depends on what its program has asked for. */
  hold(id: TabId): void {
    this.#held.add(id)
    if (!this.#seen.includes(id)) this.#seen.push(id)
    this.tabs.add(id)
  }

  /** It goes to sleep with the others. */
  release(id: TabId): void {
    this.#held.delete(id)
  }

  forget(id: TabId): void {
    this.#seen = this.#seen.filter((other) => other !== id)
    this.#held.delete(id)
    this.tabs.delete(id)
  }
}
