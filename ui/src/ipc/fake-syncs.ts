/** Folder syncs of the fake engine: a comparison of thousands of rows that names no real file. */
import { problem } from './fake-problem'
import type { Commands, SavedSync, SyncAction, SyncRow, SyncSummary } from './generated'

type SyncCommand = 'sync_compare' | 'sync_progress' | 'sync_rows' | 'sync_forget' | 'syncs_saved' | 'sync_save' | 'sync_unsave'

type SyncHandlers = {
  [Name in SyncCommand]: (args: Commands[Name]['args']) => Commands[Name]['result'] | Promise<Commands[Name]['result']>
}

const NEW_FILES = 5000

export class FakeSyncs {
  readonly compared: Commands['sync_compare']['args'][] = []
  readonly forgotten: string[] = []
  saved: SavedSync[] = []
  /** Would be deleted, of so many. */
  deletes = 12
  entries = 6000
  #rows: SyncRow[] = []

  readonly handlers: SyncHandlers = {
    sync_compare: (args) => {
      this.compared.push(args)
      const { sources, target, sync } = args.request
      const [source] = sources
      if (source?.path.includes('missing')) throw problem('not-copied', { path: source.path, reason: 'no-source' })
      const same = source?.path === target.path
      this.#rows = same ? [] : this.#found(sync?.delete ?? false)
      return this.#summary()
    },
    sync_progress: () => ({ ...this.#summary(), complete: false, counts: [] }),
    sync_rows: ({ actions, from, count }) =>
      this.#rows.filter(({ action }) => actions.includes(action)).slice(from, from + count),
    sync_forget: ({ preview }) => {
      this.forgotten.push(preview)
      return null
    },
    syncs_saved: () => this.saved,
    sync_save: ({ sync }) => {
      this.saved = [...this.saved.filter(({ name }) => name !== sync.name), sync]
      return this.saved
    },
    sync_unsave: ({ name }) => {
      this.saved = this.saved.filter((one) => one.name !== name)
      return this.saved
    },
  }

  #found(deletes: boolean): SyncRow[] {
    const row = (action: SyncAction, path: string, size: number, more: Partial<SyncRow> = {}): SyncRow => ({
      path,
      shown: path,
      action,
      isFolder: false,
      isLink: false,
      size,
      modified: 1_795_250_000,
      oldSize: null,
      oldModified: null,
      problem: null,
      ...more,
    })
    return [
      row('changed', 'index.html', 4200, { oldSize: 3900, oldModified: 1_795_100_000 }),
      row('folder', 'assets', 0, { isFolder: true }),
      ...Array.from({ length: NEW_FILES }, (_, at) => row('new', `assets/image-${at}.webp`, 20_000 + at)),
      row('link', 'latest', 8, { isLink: true }),
      row('left', 'run/socket', 0, { problem: problem('not-copied', { path: 'run/socket', reason: 'special' }) }),
      ...(deletes ? Array.from({ length: this.deletes }, (_, at) => row('delete', `old/page-${at}.html`, 1000)) : []),
    ]
  }

  #summary(): SyncSummary {
    const counts = (['folder', 'new', 'changed', 'link', 'delete', 'left'] as const).flatMap((action) => {
      const own = this.#rows.filter((row) => row.action === action)
      return own.length > 0 ? [{ action, count: own.length, bytes: own.reduce((sum, { size }) => sum + size, 0) }] : []
    })
    const deletes = counts.find(({ action }) => action === 'delete')?.count ?? 0
    const tooMany = deletes * 2 > this.entries
    const params = { reason: 'too-many-deletes', count: String(deletes), entries: String(this.entries) }
    return { complete: true, seen: 12_345, counts, refused: tooMany ? problem('sync-refused', params) : null }
  }
}
