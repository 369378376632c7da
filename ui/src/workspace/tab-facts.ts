/**
 * What a tab has besides its host and its name (a colour, a pin, ...) and what comes back with it. Each feature registers its own
 * fact under a key of its own; what nobody registered, of a newer Bowline, is kept as it is.
 */
import type { TabId } from './workspace'

export interface TabFact {
  key: string
  /** As JSON; undefined when there is nothing to keep. Reactive: a change is kept. */
  read: (id: TabId) => unknown
  /** A tab came back with it. Whatever lies there may come: check it. */
  show: (id: TabId, value: unknown) => void
}

const registry = new Map<string, TabFact>()
/** Facts of tabs that nobody here knows. */
const unknown = new Map<TabId, Record<string, unknown>>()

export function keepTabFact(fact: TabFact): () => void {
  registry.set(fact.key, fact)
  return () => void registry.delete(fact.key)
}

export function readTabFacts(id: TabId): Record<string, unknown> {
  const facts = { ...unknown.get(id) }
  for (const { key, read } of registry.values()) {
    const value = read(id)
    if (value !== undefined) facts[key] = value
  }
  return facts
}

export function showTabFacts(id: TabId, facts: Readonly<Record<string, unknown>>): void {
  const others: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(facts)) {
    const fact = registry.get(key)
    if (fact) fact.show(id, value)
    else others[key] = value
  }
  unknown.set(id, others)
}
