/** Files over the window: where they would go, and what happens when they are let go. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { placeName } from '../files/place'
import { useBackend, type HostId, type TerminalDirectory, type TerminalId } from '../ipc'
import { useJobs } from '../jobs/jobs'
import { shownPath } from '../jobs/shown-path'
import { useShells } from '../terminal/shells'
import { LOCAL_ID } from '../terminal/targets'
import { platform } from '../workspace/platform'
import { endOf, type Dragged } from './dragged'
import { dropTargetAt, sameTarget, type DropTarget } from './drop-target'
import { typedPaths } from './typed-paths'

export const useDrop = defineStore('drop', () => {
  const shells = useShells()
  const target = shallowRef<DropTarget>()
  /** How many files are dragged; unknown when they come from another window of ours. */
  const count = ref<number>()
  /** The directory of the terminal below, once its host has said it. */
  const told = shallowRef<TerminalDirectory | null>(null)
  /** Answers of this drag: a terminal is asked once. */
  let asked = new Map<TerminalId, Promise<TerminalDirectory | null>>()
  let cancelled = false

  /** `web-01:/srv/www`; empty while nobody knows. */
  const place = computed(() => {
    const now = target.value
    if (now === undefined || now.kind === 'local') return ''
    const path = now.kind === 'folder' ? shownPath(now.path) : (told.value?.shown ?? shells.shownDirectoryOf(now.id))
    return path === null ? '' : placeOn(now.hostId, path)
  })

  function nameOf(hostId: HostId): string {
    return placeName(hostId)
  }

  function placeOn(hostId: HostId, path: string): string {
    return hostId === LOCAL_ID ? path : `${nameOf(hostId)}:${path}`
  }

  function ask(id: TerminalId): Promise<TerminalDirectory | null> {
    const known = asked.get(id)
    if (known) return known
    const answer = useBackend().call('terminal_directory', { id })
    asked.set(id, answer)
    return answer
  }

  /** A drag is over a point of the page, in pixels. Says whether it may be dropped there. */
  function over(x: number, y: number, dragged: Dragged | undefined): boolean {
    if (cancelled) return false
    const found = dropTargetAt(x, y, dragged)
    count.value = dragged?.paths.length
    if (!sameTarget(found, target.value)) {
      target.value = found
      told.value = null
      if (found?.kind === 'terminal') void show(found)
    }
    return found !== undefined
  }

  async function show(shown: Extract<DropTarget, { kind: 'terminal' }>): Promise<void> {
    // What went wrong is said when the files are dropped.
    const directory = await ask(shown.id).catch(() => null)
    if (sameTarget(target.value, shown)) told.value = directory
  }

  /** The drag has left the window, or was given up. */
  function leave(): void {
    target.value = undefined
    told.value = null
    asked = new Map()
    cancelled = false
  }

  /** Nothing comes of this drag any more, wherever it ends. */
  function cancel(): void {
    leave()
    cancelled = true
  }

  async function drop(x: number, y: number, dragged: Dragged): Promise<void> {
    const to = cancelled ? undefined : dropTargetAt(x, y, dragged)
    const answer = to?.kind === 'terminal' ? ask(to.id) : undefined
    leave()
    if (to === undefined) return
    if (to.kind === 'folder') return copy(dragged, to.hostId, to.path)
    if (to.kind === 'local') {
      await to.session.paste(typedPaths(dragged.paths, platform))
      return to.session.surface.focus()
    }
    const directory = await answer
    if (directory) await copy(dragged, directory.hostId, directory.path)
  }

  /** Files of this computer to where a terminal is. */
  async function upload(id: TerminalId, paths: readonly string[]): Promise<void> {
    const directory = paths.length > 0 ? await useBackend().call('terminal_directory', { id }) : null
    if (directory) await copy({ hostId: LOCAL_ID, paths }, directory.hostId, directory.path)
  }

  async function copy(dragged: Dragged, hostId: HostId, path: string): Promise<void> {
    await useJobs().add({
      sources: dragged.paths.map((source) => endOf(dragged.hostId, source)),
      target: endOf(hostId, path),
      exact: false,
      onConflict: 'ask',
      verify: 'size',
      removeSources: false,
    })
  }

  return { target, count, place, over, leave, cancel, drop, upload }
})
