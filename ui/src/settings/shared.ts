/** Settings are one for all windows: what another one has stored, and what stays a window's own. */
import type { Settings } from './settings'

/** Of a torn-off window: there it begins without the hosts, whatever the main window shows. */
export const OF_EACH_WINDOW = ['sidebarShown'] as const satisfies readonly (keyof Settings)[]

/** The fields that are stored otherwise than they were known to be. What this window has changed itself meanwhile is none of them. */
export function changedElsewhere(known: Settings, stored: Settings): Partial<Settings> {
  const fields = Object.keys(stored) as (keyof Settings)[]
  return Object.fromEntries(
    fields
      .filter((field) => JSON.stringify(stored[field]) !== JSON.stringify(known[field]))
      .map((field) => [field, stored[field]]),
  )
}
