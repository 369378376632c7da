/** What is kept of a tab with two panes: plain data that comes back with the workspace. Pure. */
import type { HostId } from '../ipc'

export interface KeptSide {
  place: HostId
  path: string
}

export interface KeptPanes {
  id: string
  sides: [KeptSide, KeptSide]
  /** Of the left side, between 0 and 1. */
  share: number
}

/** As much of the tab as each side has at least. */
export const SHARE = { min: 0.2, usual: 0.5, max: 0.8 } as const
/** Far more than a person opens. */
const TABS_MAX = 32

export function clampShare(share: unknown): number {
  if (typeof share !== 'number' || !Number.isFinite(share)) return SHARE.usual
  return Math.min(SHARE.max, Math.max(SHARE.min, share))
}

function readSide(kept: unknown): KeptSide | undefined {
  const { place, path } = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>
  return typeof place === 'string' && place !== '' && typeof path === 'string' ? { place, path } : undefined
}

/** Out of whatever was kept: what makes no sense is left out. */
export function readKeptPanes(kept: unknown): KeptPanes[] {
  if (!Array.isArray(kept)) return []
  const read = kept.flatMap((one: unknown): KeptPanes[] => {
    const { id, sides, share } = (typeof one === 'object' && one !== null ? one : {}) as Record<string, unknown>
    const [left, right] = Array.isArray(sides) ? sides.map(readSide) : []
    return typeof id === 'string' && id !== '' && left && right ? [{ id, sides: [left, right], share: clampShare(share) }] : []
  })
  return read.filter(({ id }, index) => read.findIndex((other) => other.id === id) === index).slice(0, TABS_MAX)
}
