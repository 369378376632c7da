/** One file of a host that is being changed: what of it is where, and what stands in the way of saving it. */
import { computed, ref, shallowRef } from 'vue'
import { useFiles } from '../files/files'
import { fileName, shownPath } from '../files/path'
import { t } from '../i18n'
import {
  toProblem,
  useBackend,
  type EditSaved,
  type EditText,
  type EditThere,
  type HostId,
  type LineEnds,
  type Problem,
  type SaveHow,
  type TextEncoding,
} from '../ipc'
import { useNotices } from '../notices/notices'
import { DraftKeeper } from './draft'
import type { LanguageId } from './languages'

/** What the bar above a text is about. */
export type EditBar =
  | { kind: 'conflict'; there: EditThere }
  | { kind: 'in-place'; how: SaveHow }
  | { kind: 'unencodable'; character: string; line: number; how: SaveHow }
  | { kind: 'problem'; problem: Problem }

/** What the text itself can do, once it is drawn. */
export interface EditSurface {
  readonly text: string
  focus: () => void
  find: () => void
  saved: (text: string) => void
  replace: (text: string, isSaved: boolean) => void
  compare: (theirs: string) => void
  endComparing: (keep: boolean) => void
  dropReturns: () => void
}

export function createEdit(tabId: string, hostId: HostId, opened: EditText, mine: string | null = null) {
  /** Of the engine; another one after the file was read anew. */
  let id = opened.id
  const path = shallowRef(opened.path)
  const target = opened.target
  const readOnly = opened.readOnly
  const encoding = ref<TextEncoding>(opened.encoding)
  const lineEnds = ref<LineEnds>(opened.lineEnds)
  /** As it is on the server. */
  const written = shallowRef({ encoding: opened.encoding, lineEnds: opened.lineEnds })
  const textDirty = ref(false)
  const dirty = computed(
    () => textDirty.value || encoding.value !== written.value.encoding || lineEnds.value !== written.value.lineEnds,
  )
  const saving = ref(false)
  const bar = shallowRef<EditBar | null>(null)
  const comparing = ref(false)
  const place = ref({ line: 1, column: 1 })
  const surface = shallowRef<EditSurface | null>(null)
  const language = ref<LanguageId | null>(null)
  /** A person agreed to it for this file. */
  let inPlace = false
  /** As the server has it, as far as is known. */
  let theirs = opened.text
  /** One that was kept, until the person has said what becomes of it. */
  const draft = shallowRef(opened.draft)
  const keeper = new DraftKeeper(() => {
    const text = surface.value?.text
    if (text === undefined || draft.value !== null) return undefined
    const words = { text, encoding: encoding.value, lineEnds: lineEnds.value }
    return { id, hostId, path: path.value.path, words: dirty.value ? words : null }
  })
  const name = computed(() => shownPath(fileName(path.value.path)))

  /** True once it is saved. */
  async function save(how: SaveHow = { kind: 'if-unchanged' }): Promise<boolean> {
    const text = surface.value?.text
    if (text === undefined || saving.value || readOnly) return false
    saving.value = true
    const as = { encoding: encoding.value, lineEnds: lineEnds.value }
    try {
      const saved = await useBackend().call('file_edit_save', { id, save: { text, ...as, how, inPlace } })
      return settle(saved, how, text, as)
    } catch (thrown) {
      bar.value = { kind: 'problem', problem: toProblem(thrown) }
      return false
    } finally {
      saving.value = false
    }
  }

  function settle(saved: EditSaved, how: SaveHow, text: string, as: typeof written.value): boolean {
    switch (saved.kind) {
      case 'saved':
        if (draft.value === null) keeper.drop(hostId, path.value.path)
        theirs = text
        path.value = saved.path
        written.value = as
        if (comparing.value) endComparing(true)
        surface.value?.saved(text)
        if (dirty.value) changed(text.length)
        bar.value = null
        showInFolder()
        if (saved.ownerChanged) useNotices().toast(() => t('edit.ownerChanged', { name: name.value }))
        return true
      case 'conflict':
        if (comparing.value && saved.there.kind === 'text') surface.value?.compare(saved.there.words.text)
        bar.value = { kind: 'conflict', there: saved.there }
        return false
      case 'in-place':
        bar.value = { kind: 'in-place', how }
        return false
      case 'unencodable':
        bar.value = { kind: 'unencodable', character: saved.character, line: saved.line, how }
        return false
    }
  }

  /** A panel that shows the folder shows the new size and time, and the copy. */
  function showInFolder(): void {
    useFiles().saved(hostId, path.value.path)
    if (target !== null && target.path !== path.value.path) useFiles().saved(hostId, target.path)
  }

  /** Beside the file; the tab goes on with the copy. What stands in its way is thrown: there is a dialog to say it in. */
  async function saveCopy(copy: string): Promise<void> {
    const text = surface.value?.text
    if (text === undefined) return
    const as = { encoding: encoding.value, lineEnds: lineEnds.value }
    const how: SaveHow = { kind: 'as-copy', name: copy }
    settle(await useBackend().call('file_edit_save', { id, save: { text, ...as, how, inPlace: false } }), how, text, as)
  }

  function saveInPlace(how: SaveHow): Promise<boolean> {
    inPlace = true
    return save(how)
  }

  function saveAsUtf8(how: SaveHow): Promise<boolean> {
    encoding.value = 'utf8'
    return save(how)
  }

  /** Looks whether somebody else has changed it; what cannot be asked now is found when it is saved. */
  async function look(): Promise<void> {
    if (saving.value || bar.value !== null) return
    const there = await useBackend()
      .call('file_edit_look', { id })
      .catch(() => null)
    if (there && bar.value === null && !saving.value) bar.value = { kind: 'conflict', there }
  }

  /** Takes what is on the server in place of the text, which can be undone. */
  async function reload(as: TextEncoding | null = null): Promise<void> {
    const again = await useBackend().call('file_edit_open', { host: hostId, path: path.value.path, encoding: as })
    if (again.kind !== 'text') return useNotices().toast(() => t(`edit.not.${again.kind}`, { name: name.value }))
    const before = id
    id = again.edit.id
    void useBackend()
      .call('file_edit_close', { id: before })
      .catch(() => undefined)
    comparing.value = false
    encoding.value = again.edit.encoding
    lineEnds.value = again.edit.lineEnds
    written.value = { encoding: encoding.value, lineEnds: lineEnds.value }
    theirs = again.edit.text
    surface.value?.replace(again.edit.text, true)
    bar.value = null
  }

  function compare(theirs: string): void {
    comparing.value = true
    surface.value?.compare(theirs)
  }

  /** Takes what is on the server, and puts another text beside it. */
  async function mergeWith(other: string): Promise<void> {
    await reload()
    const theirs = surface.value?.text
    if (theirs === undefined) return
    surface.value?.replace(other, false)
    compare(theirs)
  }

  function endComparing(keep: boolean): void {
    comparing.value = false
    surface.value?.endComparing(keep)
  }

  function setLineEnds(next: LineEnds): void {
    if (lineEnds.value === 'mixed' && next !== 'mixed') surface.value?.dropReturns()
    lineEnds.value = next
  }

  function changed(length: number): void {
    if (draft.value === null) keeper.changed(length)
  }

  /** Goes on with what was kept; beside what the server has, where that is not what the draft was made of. */
  function useDraft(): void {
    const kept = draft.value
    if (kept === null) return
    draft.value = null
    keeper.adopt()
    // How the characters of mixed line ends are held is settled when the text is drawn.
    if (kept.lineEnds !== 'mixed' && lineEnds.value !== 'mixed') lineEnds.value = kept.lineEnds
    encoding.value = kept.encoding
    surface.value?.replace(kept.text, false)
    if (kept.isOutdated) compare(theirs)
    else surface.value?.focus()
  }

  function discardDraft(): void {
    draft.value = null
    keeper.adopt()
    keeper.drop(hostId, path.value.path)
    // What was typed meanwhile is kept from now on.
    if (dirty.value) changed(0)
    surface.value?.focus()
  }

  /** Resolves when nothing is kept any more of what nobody wants. */
  function close(): Promise<unknown> {
    // One that nobody has decided about stays.
    if (draft.value === null) keeper.drop(hostId, path.value.path)
    else keeper.stop()
    void useBackend()
      .call('file_edit_close', { id })
      .catch(() => undefined)
    return keeper.settled
  }

  return {
    tabId,
    hostId,
    /** What it begins with. */
    text: opened.text,
    /** Another one that it is merged with at once. */
    mine,
    /** It was deleted before it was opened here: there is only a draft. */
    gone: opened.gone,
    path,
    target,
    readOnly,
    encoding,
    lineEnds,
    dirty,
    textDirty,
    saving,
    bar,
    comparing,
    draft,
    place,
    surface,
    language,
    name,
    save,
    saveCopy,
    saveInPlace,
    saveAsUtf8,
    look,
    reload,
    compare,
    mergeWith,
    endComparing,
    setLineEnds,
    changed,
    useDraft,
    discardDraft,
    close,
  }
}

export type Edit = ReturnType<typeof createEdit>
