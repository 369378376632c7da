/** Tabs with two panes of files: what each side shows, and what goes from one to the other. */
import { defineStore } from 'pinia'
import { computed, effectScope, ref, shallowReactive, shallowRef, type EffectScope } from 'vue'
import { endOf } from '../drop/dragged'
import { hostOf, placeName, withRights } from '../files/place'
import { useFiles } from '../files/files'
import { copyInto } from '../files/jobs'
import { createPanel, type Panel } from '../files/panel'
import type { HostId } from '../ipc'
import { LOCAL_ID } from '../terminal/targets'
import { useWorkspace, type TabId } from '../workspace/workspace'
import { clampShare, SHARE, type KeptPanes, type KeptSide } from './kept-panes'

export type SideIndex = 0 | 1

/** One side. Its panel is its own: two sides of one host are at two folders. */
function createSide(start: KeptSide) {
  const panel = shallowRef<Panel>() as { value: Panel }
  /** What was asked for last: the folder is not known while it loads, or while sudo waits for a password. */
  const asked = ref('')
  let scope: EffectScope | undefined

  function show(place: HostId, path = ''): void {
    const before = scope
    asked.value = path
    scope = effectScope(true)
    panel.value = scope.run(() => createPanel(place)) as Panel
    before?.stop()
    void panel.value.go(path)
  }
  show(start.place, start.path)
  const path = (): string => panel.value.path.value || asked.value
  return { panel, path, show, stop: () => scope?.stop() }
}

export type Side = ReturnType<typeof createSide>

function createPanes(kept: KeptPanes) {
  const sides: readonly [Side, Side] = [createSide(kept.sides[0]), createSide(kept.sides[1])]
  const at = ref<SideIndex>(0)
  const share = ref(clampShare(kept.share))
  /** Counts up when the side in use is to take the keyboard. */
  const wanted = ref(0)
  const title = computed(() => sides.map(({ panel }) => placeName(panel.value.hostId)).join(' ⇄ '))
  return { id: kept.id, sides, at, share, wanted, title }
}

export type Panes = ReturnType<typeof createPanes>

export const usePanes = defineStore('panes', () => {
  const workspace = useWorkspace()
  const open = shallowReactive(new Map<TabId, Panes>())
  /** The one in front, which its keys are about. */
  const active = computed(() => (workspace.activeId === null ? undefined : open.get(workspace.activeId)))

  function put(kept: KeptPanes): Panes {
    const panes = createPanes(kept)
    open.set(panes.id, panes)
    workspace.addPage({
      id: panes.id,
      hostId: null,
      label: () => ({ name: panes.title.value, detail: '', whole: '' }),
      isUnsaved: () => false,
      focus: () => panes.wanted.value++,
      askClose: () => workspace.close(panes.id),
      closed: () => {
        panes.sides.forEach((side) => side.stop())
        open.delete(panes.id)
      },
    })
    return panes
  }

  /** Two panes in a new tab: this computer, and a host or this computer once more. */
  function openBeside(place: HostId | null, path = ''): void {
    const right = { place: place ?? LOCAL_ID, path }
    const { id, at } = put({
      id: `files-${workspace.newTabId()}`,
      sides: [{ place: LOCAL_ID, path: '' }, right],
      share: SHARE.usual,
    })
    at.value = place === null ? 0 : 1
    workspace.show(id)
  }

  function otherOf(panes: Panes): Side {
    return panes.sides[panes.at.value === 0 ? 1 : 0]
  }

  function change(panes: Panes): void {
    panes.at.value = panes.at.value === 0 ? 1 : 0
    panes.wanted.value++
  }

  /** What is chosen on the side in use goes to the folder that the other one shows. */
  async function send(panes: Panes, moves: boolean): Promise<void> {
    const from = panes.sides[panes.at.value].panel.value
    const to = otherOf(panes).panel.value
    const sources = from.chosenPaths().map((path) => endOf(from.hostId, path))
    if (to.path.value === '' || to.problem.value !== null) return
    await copyInto(sources, endOf(to.hostId, to.path.value), { removeSources: moves })
  }

  function canSend(panes: Panes | undefined): boolean {
    if (!panes) return false
    const { selection } = panes.sides[panes.at.value].panel.value
    return selection.chosen.value.size > 0 && otherOf(panes).panel.value.path.value !== ''
  }

  function elevate(side: Side, on: boolean): void {
    side.show(withRights(side.panel.value.hostId, on), side.path())
  }

  function kept(): KeptPanes[] {
    return [...open.values()].map(({ id, sides, share }) => {
      // Root's files are not opened by a start: somebody asks for them.
      const side = ({ panel, path }: Side): KeptSide => ({ place: hostOf(panel.value.hostId), path: path() })
      return { id, sides: [side(sides[0]), side(sides[1])], share: share.value }
    })
  }

  /** Brings back those that are not there. */
  function bringBack(known: readonly KeptPanes[]): void {
    for (const one of known) if (!open.has(one.id)) put(one)
  }

  /** The panel whose side has the keyboard, for the actions of files. */
  function take(panes: Panes, at: SideIndex): void {
    panes.at.value = at
    useFiles().front = panes.sides[at].panel.value
  }

  return { open, active, openBeside, change, send, canSend, elevate, kept, bringBack, take }
})
