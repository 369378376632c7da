/** The files panels of this window: one for each host, and what is cut or copied between them. */
import { defineStore } from 'pinia'
import { effectScope, reactive, ref, shallowReactive, shallowRef, type EffectScope } from 'vue'
import { useBackend, type HostId } from '../ipc'
import { createPanel, type Panel } from './panel'
import { parentPath } from './path'
import { hostOf } from './place'

/** Panels that are kept; the folder of one that was not seen for long is read anew. */
const PANELS_MAX = 12

export interface Clipped {
  hostId: HostId
  paths: readonly string[]
  /** They are removed there once they are here. */
  cut: boolean
}

export const useFiles = defineStore('files', () => {
  /** Not reactive: whoever looks one up may make it, also while something is computed. */
  const panels = new Map<HostId, { panel: Panel; scope: EffectScope }>()
  const clipped = shallowRef<Clipped | null>(null)
  /** Tabs whose directory the panel follows. */
  const following = reactive(new Set<string>())
  /** Hosts whose files the drawer shows as root. */
  const elevated = reactive(new Set<HostId>())
  const bookmarks = shallowReactive(new Map<HostId, readonly string[]>())
  /** Whether deleting means the trash folder; as it was chosen last. */
  const toTrash = ref(false)
  /** How many files were saved from here: what is shown of them is looked at again. */
  const saves = ref(0)
  /** The panel that is seen, for actions. */
  const front = shallowRef<Panel | null>(null)
  /** What the panel is asked for by an action. */
  const wanted = shallowRef<{ what: 'path' | 'filter' } | null>(null)

  /** The panel of a host, made when it is first looked at. */
  function panelOf(hostId: HostId): Panel {
    const known = panels.get(hostId)
    if (known) {
      // The one that was used last is the last to go.
      panels.delete(hostId)
      panels.set(hostId, known)
      return known.panel
    }
    const scope = effectScope(true)
    const panel = scope.run(() => createPanel(hostId)) as Panel
    panels.set(hostId, { panel, scope })
    const oldest = panels.keys().next().value
    if (panels.size > PANELS_MAX && oldest !== undefined) {
      panels.get(oldest)?.scope.stop()
      panels.delete(oldest)
    }
    return panel
  }

  /** A file was written from here: panels that show its folder, as root or not, show it as it is now. */
  function saved(hostId: HostId, path: string): void {
    saves.value++
    for (const { panel } of panels.values())
      if (hostOf(panel.hostId) === hostOf(hostId) && panel.path.value === parentPath(path)) void panel.reload()
  }

  function clip(hostId: HostId, paths: readonly string[], cut: boolean): void {
    clipped.value = paths.length > 0 ? { hostId, paths, cut } : null
  }

  function follow(tab: string, on: boolean): void {
    if (on) following.add(tab)
    else following.delete(tab)
  }

  function elevate(hostId: HostId, on: boolean): void {
    if (on) elevated.add(hostId)
    else elevated.delete(hostId)
  }

  async function loadBookmarks(hostId: HostId): Promise<void> {
    bookmarks.set(hostId, await useBackend().call('files_bookmarks', { host: hostId }))
  }

  async function setBookmark(hostId: HostId, path: string, on: boolean): Promise<void> {
    bookmarks.set(hostId, await useBackend().call('files_bookmark', { host: hostId, path, on }))
  }

  return {
    clipped,
    saves,
    saved,
    following,
    elevated,
    elevate,
    bookmarks,
    toTrash,
    front,
    wanted,
    panelOf,
    clip,
    follow,
    loadBookmarks,
    setBookmark,
  }
})
