/** What is dragged: files of this computer, or of a host out of a panel of ours. */
import { hostOf } from '../files/place'
import type { HostId, JobEnd } from '../ipc'
import { LOCAL_ID } from '../terminal/targets'

/** The type of a drag within the windows of Bowline: JSON of `{hostId, paths}`, the paths as the engine writes them. */
export const BOWLINE_FILES = 'application/x-bowline-files'

export interface Dragged {
  hostId: HostId
  paths: readonly string[]
}

export function ofThisComputer(paths: readonly string[]): Dragged {
  return { hostId: LOCAL_ID, paths }
}

/** What a drag within the windows says; nothing if it makes no sense. */
export function readDragged(text: string): Dragged | undefined {
  try {
    const { hostId, paths } = JSON.parse(text) as Partial<Dragged>
    if (typeof hostId !== 'string' || !Array.isArray(paths) || paths.length === 0) return undefined
    return paths.every((path) => typeof path === 'string' && path !== '') ? { hostId, paths } : undefined
  } catch {
    return undefined
  }
}

/** A panel writes paths of Windows as those of a host: `/C:/Users`. */
export function endOf(hostId: HostId, path: string): JobEnd {
  return hostId === LOCAL_ID ? { at: 'here', path: path.replace(/^\/(?=[A-Za-z]:)/, '') } : { at: 'host', hostId, path }
}

function parentOf(path: string): string {
  return path.replace(/[/\\]+$/, '').replace(/[/\\][^/\\]*$/, '') || '/'
}

/** Whether something would come to where it lies, or into itself. */
export function liesThere(dragged: Dragged, hostId: HostId, folder: string): boolean {
  if (hostOf(dragged.hostId) !== hostOf(hostId)) return false
  return dragged.paths.some((path) => parentOf(path) === folder || folder === path || folder.startsWith(`${path}/`))
}
