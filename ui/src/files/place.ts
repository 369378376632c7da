/**
 * Whose files a panel shows: a host's id, this computer, or a host as root; written in the place of a host's id, as in the engine
 * (`files/place.rs`).
 */
import { useHosts } from '../hosts/hosts'
import { t } from '../i18n'
import type { HostId } from '../ipc'
import { isHost, LOCAL_ID, targetName } from '../terminal/targets'

const ELEVATED = 'sudo:'

export const isHere = (place: HostId): boolean => place === LOCAL_ID
export const isElevated = (place: HostId): boolean => place.startsWith(ELEVATED)

/** The host that the files lie on; this computer stays what it is. */
export const hostOf = (place: HostId): HostId => (isElevated(place) ? place.slice(ELEVATED.length) : place)

/** The same host with root's rights, or without. */
export const withRights = (place: HostId, elevated: boolean): HostId => (elevated ? ELEVATED : '') + hostOf(place)

/** Whether it can be shown: a host that is saved, or this computer. */
export const isKnown = (place: HostId): boolean => isHere(place) || useHosts().find(hostOf(place)) !== undefined

export function placeName(place: HostId): string {
  if (isHere(place)) return t('panes.here')
  const host = isHost(place) ? useHosts().nameOf(hostOf(place)) : undefined
  const name = host ?? targetName(place) ?? hostOf(place)
  return isElevated(place) ? t('elevated.name', { host: name }) : name
}
