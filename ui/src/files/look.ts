/** How a person wants the files panel to look; a part of the settings. */
import { COLUMNS, type Column, type Sorting } from './rows'

export interface FilesLook {
  columns: Column[]
  /** In CSS pixels. */
  widths: Record<Column, number>
  hidden: boolean
  sorting: Sorting
  preview: boolean
}

export const USUAL_WIDTHS: Readonly<Record<Column, number>> = { size: 72, modified: 84, mode: 88, owner: 108 }
export const WIDTH = { min: 48, max: 320 } as const

/** Out of whatever was stored: what is missing or wrong gets its default. */
export function readFilesLook(stored: unknown): FilesLook {
  const look = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<Record<keyof FilesLook, unknown>>
  const sorting = (typeof look.sorting === 'object' && look.sorting !== null ? look.sorting : {}) as Partial<Sorting>
  const widths = (typeof look.widths === 'object' && look.widths !== null ? look.widths : {}) as Record<string, unknown>
  const chosen = look.columns
  return {
    columns: Array.isArray(chosen) ? COLUMNS.filter((column) => chosen.includes(column)) : ['size', 'modified'],
    widths: Object.fromEntries(COLUMNS.map((column) => [column, width(widths[column], column)])) as Record<Column, number>,
    hidden: look.hidden === true,
    sorting: {
      by: (['name', ...COLUMNS] as const).find((by) => by === sorting.by) ?? 'name',
      down: sorting.down === true,
    },
    preview: look.preview === true,
  }
}

function width(value: unknown, column: Column): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return USUAL_WIDTHS[column]
  return Math.round(Math.min(WIDTH.max, Math.max(WIDTH.min, value)))
}
