/** Files of the fake engine that are changed in place. `readonly.conf` may not be written to; `/etc` takes no new file. */
import type { FakeFiles } from './fake-files'
import type { Handlers } from './fake-handlers'
import { problem } from './fake-problem'
import type { EditDraft, EditOpened, EditSaved, EditThere, HostId } from './generated'

type EditCommand = `file_edit_${'open' | 'save' | 'look' | 'close'}` | `file_draft_${'keep' | 'drop'}` | 'file_drafts'

interface Open {
  host: HostId
  path: string
  /** What was read or written last; null where nothing was. */
  known: string | null
  shown: string | null | undefined
}

const EDIT_MAX = 8 * 1024 * 1024

const beyondWestern = (text: string): string | undefined => [...text].find((one) => one > '\u00ff')

/** Texts that were never saved, by path: a test leaves some here, and sees what the window keeps. */
export type FakeDrafts = Map<string, EditDraft>

export function fakeEdits(files: FakeFiles, drafts: FakeDrafts): Handlers<EditCommand> {
  const open = new Map<number, Open>()
  let last = 0

  const edit = (id: number): Open => {
    const found = open.get(id)
    if (!found) throw problem('edit-refused', { reason: 'gone' })
    return found
  }
  const thereOf = (text: string | null): EditThere =>
    text === null ? { kind: 'deleted' } : { kind: 'text', words: { text, encoding: 'utf8', lineEnds: 'lf' } }
  const shown = (path: string) => ({ path, shown: path })

  function save(one: Open, path: string, text: string): EditSaved {
    files.write(one.host, path, text)
    Object.assign(one, { path, known: text, shown: undefined })
    return { kind: 'saved', path: shown(path), ownerChanged: false }
  }

  /** A file that was deleted since a draft of it was kept. */
  function openGone(host: HostId, path: string, draft: EditDraft): EditOpened {
    const id = ++last
    open.set(id, { host, path, known: null, shown: undefined })
    const { encoding, lineEnds } = draft
    return {
      kind: 'text',
      edit: { id, path: shown(path), target: null, readOnly: false, text: '', encoding, lineEnds, draft, gone: true },
    }
  }

  return {
    file_edit_open: async ({ host, path, encoding }) => {
      await files.ready()
      const draft = drafts.get(path) ?? null
      if (draft !== null && !files.has(host, path)) return openGone(host, path, draft)
      const known = files.text(host, path)
      const size = files.size(host, path)
      if (known === null) return size === null ? { kind: 'no-file' } : { kind: 'binary', size }
      if (size !== null && size > EDIT_MAX) return { kind: 'too-large', size }
      const id = ++last
      open.set(id, { host, path, known, shown: undefined })
      const readOnly = path.endsWith('readonly.conf')
      const text = { text: known, encoding: encoding ?? ('utf8' as const), lineEnds: 'lf' as const }
      return { kind: 'text', edit: { id, path: shown(path), target: null, readOnly, ...text, draft, gone: false } }
    },
    file_edit_save: async ({ id, save: wanted }) => {
      await files.ready()
      const one = edit(id)
      if (wanted.encoding === 'western' && beyondWestern(wanted.text) !== undefined)
        return { kind: 'unencodable', character: beyondWestern(wanted.text) ?? '', line: 1 }
      if (wanted.how.kind === 'as-copy') {
        const path = one.path.replace(/[^/]*$/, wanted.how.name)
        if (files.text(one.host, path) !== null)
          throw problem('file-exists', { address: one.host, doing: 'open', path, cause: '' })
        return save(one, path, wanted.text)
      }
      if (wanted.how.kind === 'overwrite' && one.shown !== undefined) one.known = one.shown
      const now = files.text(one.host, one.path)
      if (now !== one.known) {
        one.shown = now
        return { kind: 'conflict', there: thereOf(now) }
      }
      if (one.path.startsWith('/etc/') && !wanted.inPlace) return { kind: 'in-place' }
      return save(one, one.path, wanted.text)
    },
    file_edit_look: ({ id }) => {
      const one = edit(id)
      const now = files.text(one.host, one.path)
      if (now === one.known) return null
      one.shown = now
      return thereOf(now)
    },
    file_draft_keep: ({ id, words }) => {
      drafts.set(edit(id).path, { ...words, keptMs: Date.now(), isOutdated: false })
      return null
    },
    file_drafts: () => [...drafts].map(([path, { keptMs }]) => ({ host: 'web-01', path: shown(path), keptMs })),
    file_draft_drop: ({ path }) => {
      drafts.delete(path)
      return null
    },
    file_edit_close: ({ id }) => {
      open.delete(id)
      return null
    },
  }
}
