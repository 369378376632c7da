/** What a person decided about a tab: plain data, so that it can be kept and given back to a tab that is opened again. */

/** Each has a shape of its own (`TabMark.vue`), so that no colour has to be told from another. */
export const TAB_COLOURS = ['red', 'orange', 'yellow', 'green', 'cyan', 'blue', 'violet', 'grey'] as const

export type TabColour = (typeof TAB_COLOURS)[number]

export interface TabFacts {
  /** Null where the tab is called after its host. */
  name: string | null
  colour: TabColour | null
  /** Stands first in its pane, narrow, and is not closed without a question. */
  pinned: boolean
}

export const NAME_CHARACTERS = 80

/** Facts out of whatever was kept: what is missing or wrong is as if nobody had decided. */
export function readTabFacts(kept: unknown): TabFacts {
  const { name, colour, pinned } = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>
  const given = typeof name === 'string' ? name.trim().slice(0, NAME_CHARACTERS) : ''
  return {
    name: given === '' ? null : given,
    colour: TAB_COLOURS.find((known) => known === colour) ?? null,
    pinned: pinned === true,
  }
}

/** Those that are pinned first, each part in the order it has. */
export function pinnedFirst<Id>(ids: readonly Id[], isPinned: (id: Id) => boolean): Id[] {
  return [...ids.filter((id) => isPinned(id)), ...ids.filter((id) => !isPinned(id))]
}
