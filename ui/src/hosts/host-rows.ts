/** What the sidebar lists, row by row: a pure function of the saved hosts, the search and the folded groups. */
import type { Host } from '../ipc'

export interface GroupRow {
  kind: 'group'
  /** Empty for hosts without a group; `BUILTIN_GROUP` for what Bowline runs itself; see `linkedFile`. */
  group: string
  count: number
  folded: boolean
}

export interface HostRow {
  kind: 'host'
  host: Host
  /** Counted from 1 within its group. */
  position: number
  size: number
}

export type Row = GroupRow | HostRow

/** Cannot be the name of a group: control characters are refused there. */
export const BUILTIN_GROUP = '\u0000builtin'

/** A file of linked hosts can be called as a group of saved ones is. */
const LINKED_PREFIX = '\u0000linked '

export function groupOf(host: Host): string {
  if (host.linked) return LINKED_PREFIX + host.group
  return host.builtin ? BUILTIN_GROUP : host.group
}

/** The shown name of the file whose hosts a group lists; nothing for a group of saved ones. */
export function linkedFile(group: string): string | undefined {
  return group.startsWith(LINKED_PREFIX) ? group.slice(LINKED_PREFIX.length) : undefined
}

/** Every word must occur somewhere in the name, the address, the user or the group. */
export function matches(host: Host, words: readonly string[], name: string): boolean {
  const text = `${name}\n${host.address}\n${host.user}\n${host.group}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

export function wordsOf(search: string): string[] {
  return search.toLowerCase().split(/\s+/).filter(Boolean)
}

/** While one searches, nothing is folded: what was found must be seen. */
export function rowsOf(hosts: readonly Host[], search: string, folded: readonly string[], nameOf: (host: Host) => string): Row[] {
  const words = wordsOf(search)
  const groups = new Map<string, Host[]>()
  for (const host of hosts) {
    if (!matches(host, words, nameOf(host))) continue
    const group = groupOf(host)
    const members = groups.get(group)
    if (members) members.push(host)
    else groups.set(group, [host])
  }
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b))
    .flatMap(([group, members]) => {
      const isFolded = words.length === 0 && folded.includes(group)
      const header: GroupRow = { kind: 'group', group, count: members.length, folded: isFolded }
      if (isFolded) return [header]
      const rows = members.map((host, index): HostRow => ({ kind: 'host', host, position: index + 1, size: members.length }))
      return [header, ...rows]
    })
}

/** The built-in host comes first, then groups, hosts without one, and linked ones; else the engine's order stays. */
function rank(group: string): number {
  if (group === BUILTIN_GROUP) return 0
  if (linkedFile(group) !== undefined) return 3
  return group === '' ? 2 : 1
}

export function rowId(row: Row): string {
  return row.kind === 'group' ? `group ${row.group}` : `host ${row.host.id}`
}
