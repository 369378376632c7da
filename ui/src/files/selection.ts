/** Which rows of a folder are chosen, as in every file manager: by names, so that it lives through sorting and reloading. */
import { computed, ref, shallowRef, type Ref } from 'vue'
import type { Row } from './rows'

export function useSelection(rows: Readonly<Ref<readonly Row[]>>) {
  const chosen = shallowRef<ReadonlySet<string>>(new Set())
  /** Where the keyboard is. */
  const cursor = ref<string | null>(null)
  /** Where a range begins. */
  const anchor = ref<string | null>(null)

  const indexes = computed(() => new Map(rows.value.map((row, index) => [row.name, index])))
  const indexOf = (name: string | null) => (name === null ? -1 : (indexes.value.get(name) ?? -1))
  const cursorIndex = computed(() => indexOf(cursor.value))
  /** Those of the chosen that can be seen, in their order. */
  const chosenRows = computed(() => rows.value.filter((row) => chosen.value.has(row.name)))

  /** This one and no other. */
  function only(index: number): void {
    const row = rows.value[clamp(index)]
    if (!row) return
    chosen.value = new Set([row.name])
    cursor.value = row.name
    anchor.value = row.name
  }

  function toggle(index: number): void {
    const row = rows.value[clamp(index)]
    if (!row) return
    const next = new Set(chosen.value)
    if (!next.delete(row.name)) next.add(row.name)
    chosen.value = next
    cursor.value = row.name
    anchor.value = row.name
  }

  /** From where the range began to here; `more` keeps what was chosen besides. */
  function extend(index: number, more = false): void {
    const to = clamp(index)
    const row = rows.value[to]
    if (!row) return
    const from = Math.max(0, indexOf(anchor.value))
    anchor.value ??= rows.value[from]?.name ?? row.name
    const range = rows.value.slice(Math.min(from, to), Math.max(from, to) + 1).map(({ name }) => name)
    chosen.value = new Set([...(more ? chosen.value : []), ...range])
    cursor.value = row.name
  }

  /** Moves the keyboard alone. */
  function moveTo(index: number): void {
    cursor.value = rows.value[clamp(index)]?.name ?? null
  }

  function all(): void {
    chosen.value = new Set(rows.value.map(({ name }) => name))
    cursor.value ??= rows.value[0]?.name ?? null
  }

  function none(): void {
    chosen.value = new Set()
  }

  /** After a reload, or in another folder. */
  function set(names: readonly string[]): void {
    chosen.value = new Set(names)
    cursor.value = names[0] ?? null
    anchor.value = cursor.value
  }

  /** What is not there any more is not chosen either, and the keyboard goes to what stood beside it. */
  function prune(before: readonly Row[]): void {
    const there = [...chosen.value].filter((name) => indexes.value.has(name))
    if (there.length !== chosen.value.size) chosen.value = new Set(there)
    if (cursor.value === null || cursorIndex.value >= 0) return
    const at = before.findIndex(({ name }) => name === cursor.value)
    const isThere = ({ name }: Row) => indexes.value.has(name)
    const beside = at < 0 ? undefined : (before.slice(at).find(isThere) ?? before.slice(0, at).findLast(isThere))
    cursor.value = beside?.name ?? null
    anchor.value = cursor.value
  }

  function clamp(index: number): number {
    return Math.min(rows.value.length - 1, Math.max(0, index))
  }

  return { chosen, cursor, cursorIndex, chosenRows, only, toggle, extend, moveTo, all, none, set, prune }
}
