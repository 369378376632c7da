/**
 * What is marked in the output of terminals, and what calls a person. Rules are preferences of the window, as they say how it
 * looks; they are checked one by one when they are read, and hold nothing secret.
 */
import { TAB_COLOURS, type TabColour } from '../workspace/tab-facts'

export interface HighlightRule {
  id: string
  name: string
  /** A regular expression of `regex/`. */
  pattern: string
  caseSensitive: boolean
  /** Of the match. */
  colour: TabColour | null
  /** Marks the tab like a bell. */
  mark: boolean
  /** Shows a notification of the desktop when nobody looks. */
  notify: boolean
  /** On every host that is not named in `hosts`. */
  on: boolean
  /** Hosts for which it is on or off whatever holds elsewhere. */
  hosts: Record<string, boolean>
}

export const RULES_MAX = 50
export const NAME_MAX = 60
export const PATTERN_MAX = 500
/** Hosts of one rule. */
const HOSTS_MAX = 500

const builtIn = (id: string, name: string, pattern: string, colour: TabColour, caseSensitive = false): HighlightRule => {
  return { id, name, pattern, caseSensitive, colour, mark: false, notify: false, on: false, hosts: {} }
}

/** Off until somebody wants them. */
export const BUILT_IN_RULES: readonly HighlightRule[] = [
  builtIn('error', 'ERROR', '\\b(?:error|fatal|failed|failure|panic)\\b', 'red'),
  builtIn('warn', 'WARN', '\\bwarn(?:ing)?\\b', 'yellow'),
  builtIn('ok', 'OK', '\\b(?:OK|PASS(?:ED)?|SUCCESS)\\b', 'green', true),
  builtIn('ipv4', 'IPv4', '\\b\\d{1,3}(?:\\.\\d{1,3}){3}\\b', 'cyan'),
]

export function newRule(): HighlightRule {
  return { ...builtIn(crypto.randomUUID(), '', '', 'orange'), on: true }
}

/** Rules out of whatever was stored; the built-in ones where nothing was. */
export function readRules(stored: unknown): HighlightRule[] {
  if (!Array.isArray(stored)) return BUILT_IN_RULES.map((rule) => ({ ...rule, hosts: {} }))
  return stored.slice(0, RULES_MAX).flatMap((one: unknown) => readRule(one) ?? [])
}

function readRule(stored: unknown): HighlightRule | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  const { id, name, pattern, caseSensitive, colour, mark, notify, on, hosts } = stored as Record<string, unknown>
  if (typeof id !== 'string' || typeof name !== 'string' || typeof pattern !== 'string') return undefined
  if (pattern === '' || pattern.length > PATTERN_MAX) return undefined
  const named = typeof hosts === 'object' && hosts !== null ? Object.entries(hosts).slice(0, HOSTS_MAX) : []
  return {
    id,
    name: name.slice(0, NAME_MAX),
    pattern,
    caseSensitive: caseSensitive === true,
    colour: TAB_COLOURS.find((known) => known === colour) ?? null,
    mark: mark === true,
    notify: notify === true,
    on: on === true,
    hosts: Object.fromEntries(named.filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean')),
  }
}

export function isOn(rule: HighlightRule, hostId: string): boolean {
  return rule.hosts[hostId] ?? rule.on
}
