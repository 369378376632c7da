/** The rows of a folder: in which order, and which of them are shown. Fast enough for 200,000. Pure. */
import type { FileRow, RowKind } from '../ipc'

export interface Row {
  /** As the engine writes it; see `path.ts`. */
  name: string
  shown: string
  kind: RowKind
  size: number | null
  /** Seconds since 1970. */
  modified: number | null
  mode: number | null
  user: number | null
  group: number | null
  isFolder: boolean
  /** Orders names without regard to case, and numbers by their value. */
  key: string
}

export const COLUMNS = ['size', 'modified', 'mode', 'owner'] as const
export type Column = (typeof COLUMNS)[number]
export type SortBy = 'name' | Column

export interface Sorting {
  by: SortBy
  down: boolean
}

/** Above this, names are put in order by their keys alone: a collator takes seconds. */
const COLLATED_ROWS_MAX = 5000
/** Digits that a number in a name is filled up to. */
const DIGITS = 12

export function toRow([name, shown, kind, size, modified, mode, user, group]: FileRow): Row {
  return {
    name,
    shown: withEdges(shown ?? name),
    kind,
    size,
    modified,
    mode,
    user,
    group,
    isFolder: kind === 'folder' || kind === 'link-folder',
    key: name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(DIGITS, '0')),
  }
}

/** A space at the beginning or end of a name would not be seen. */
function withEdges(shown: string): string {
  return shown.replace(/^ +| +$/g, (spaces) => '\\u{20}'.repeat(spaces.length))
}

export const isHidden = (row: Row): boolean => row.name.startsWith('.')

/** Those that are shown, in their order: folders first, and names decide where all else is equal. */
export function arranged(
  rows: readonly Row[],
  options: { sorting: Sorting; hidden: boolean; filter: string; owner: (row: Row) => string; language: string },
): Row[] {
  const { sorting, hidden, owner } = options
  const filter = options.filter.trim().toLowerCase()
  const shown = rows.filter((row) => (hidden || !isHidden(row)) && (filter === '' || row.shown.toLowerCase().includes(filter)))
  const byName = nameOrder(shown.length, options.language)
  const sign = sorting.down ? -1 : 1
  const by = valueOrder(sorting.by, owner)
  return shown.sort((a, b) => {
    if (a.isFolder !== b.isFolder) return a.isFolder ? -1 : 1
    return (by ? sign * by(a, b) : 0) || (sorting.by === 'name' ? sign : 1) * byName(a, b)
  })
}

function nameOrder(count: number, language: string): (a: Row, b: Row) => number {
  const plain = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const byKey = (a: Row, b: Row) => plain(a.key, b.key) || plain(a.name, b.name)
  if (count > COLLATED_ROWS_MAX) return byKey
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: 'base' })
  return (a, b) => collator.compare(a.name, b.name) || byKey(a, b)
}

function valueOrder(by: SortBy, owner: (row: Row) => string): ((a: Row, b: Row) => number) | null {
  switch (by) {
    case 'name':
      return null
    case 'size':
      // What a folder takes itself says nothing.
      return (a, b) => (a.isFolder ? 0 : (a.size ?? -1) - (b.size ?? -1))
    case 'modified':
      return (a, b) => (a.modified ?? -1) - (b.modified ?? -1)
    case 'mode':
      return (a, b) => (a.mode ?? -1) - (b.mode ?? -1)
    case 'owner':
      return (a, b) => {
        const [one, other] = [owner(a), owner(b)]
        return one < other ? -1 : one > other ? 1 : 0
      }
  }
}

/** `rwxr-xr-x`, with what is special about it as `ls` writes it. */
export function modeText(mode: number): string {
  const bits = [0o400, 0o200, 0o100, 0o40, 0o20, 0o10, 0o4, 0o2, 0o1]
  const text = bits.map((bit, index) => (mode & bit ? 'rwx'.charAt(index % 3) : '-'))
  const special = (bit: number, at: number, letter: string) => {
    if (mode & bit) text[at] = text[at] === 'x' ? letter : letter.toUpperCase()
  }
  special(0o4000, 2, 's')
  special(0o2000, 5, 's')
  special(0o1000, 8, 't')
  return text.join('')
}

/** The next row whose name begins with what was typed, from the cursor on and around the end. */
export function typedAhead(rows: readonly Row[], typed: string, from: number): number {
  const beginning = typed.toLowerCase()
  for (let step = 0; step < rows.length; step++) {
    const at = (from + step) % rows.length
    if (rows[at]?.shown.toLowerCase().startsWith(beginning)) return at
  }
  return -1
}
