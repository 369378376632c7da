/**
 * Files of the fake engine: one small tree for each host, `/big` with 100,000 entries, `/secret` that may not be read, and names
 * such as a hostile server has. Jobs are only noted.
 */
import { problem } from './fake-problem'
import type { Commands, FileRow, FolderPage, HostId, Problem, RowKind, WorkView } from './generated'

interface Node {
  kind: RowKind
  size: number
  modified: number
  mode: number
  text?: string
  children?: Map<string, Node>
}

type FileCommand = Extract<keyof Commands, `files_${string}`>
type Handlers = {
  [Name in FileCommand]: (args: Commands[Name]['args']) => Commands[Name]['result'] | Promise<Commands[Name]['result']>
}

const PAGE = 4000
const FIRST_PAGE = 200
const DAY_S = 86_400

/** One pixel, as a PNG. */
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='

const now = (): number => Math.floor(Date.now() / 1000)
const folder = (children: Record<string, Node> = {}, modified = now()): Node => ({
  kind: 'folder',
  size: 4096,
  modified,
  mode: 0o755,
  children: new Map(Object.entries(children)),
})
const file = (size: number, agoS = 0, more: Partial<Node> = {}): Node => ({
  kind: 'file',
  size,
  modified: now() - agoS,
  mode: 0o644,
  ...more,
})

function tree(): Node {
  return folder({
    home: folder({
      ada: folder({
        projects: folder({ bowline: folder(), knots: folder() }, now() - 3 * DAY_S),
        logs: folder({ 'access.log': file(1_200_000), 'error.log': file(40) }, now() - DAY_S),
        releases: { ...folder({ 'v1.txt': file(10) }), kind: 'link-folder' },
        '.profile': file(220, 90 * DAY_S, { text: 'export EDITOR=vim\n' }),
        '.ssh': folder(),
        'site-bundle.tar.zst': file(1_234_567_890, 600),
        'nginx.conf': file(4100, 18 * DAY_S, { text: 'server {\n  listen 443 ssl;\n}\n' }),
        '发布说明.md': file(12_300, 3 * DAY_S, { text: '# 发布说明\n\n- 你好\n' }),
        'notes.txt': file(31, 0, { text: 'one line\nanother\u241b[31m\n' }),
        'chart.png': file(68, 2 * DAY_S, { text: PICTURE }),
        'run.sh': file(800, 400 * DAY_S, { mode: 0o755, text: '#!/bin/sh\n' }),
        'caf\u{10fee9}': file(3),
        'txt.\u202egpj.exe': file(666),
        'old link': { ...file(7), kind: 'link-broken' },
        empty: folder(),
      }),
    }),
    big: folder(),
    etc: folder({ hosts: file(19, 0, { text: '127.0.0.1 localhost\n' }), passwd: file(2000) }),
    secret: folder(),
  })
}

const shownName = (name: string): string | null => {
  const shown = name
    .replace(/[\u{10fe00}-\u{10feff}]/gu, (byte) => `\\x${((byte.codePointAt(0) ?? 0) - 0x10fe00).toString(16)}`)
    .replace(/\u202e/g, '\\u{202e}')
  return shown === name ? null : shown
}

export class FakeFiles {
  readonly #trees = new Map<HostId, Node>()
  readonly #listings = new Map<number, { host: HostId; path: string; rows: FileRow[] }>()
  readonly #marks = new Map<HostId, string[]>()
  readonly #works = new Map<string, { view: WorkView }>()
  #next = 1
  /** What was asked of the transfer queue. */
  readonly jobs: unknown[] = []
  /** A test may let everything fail, or take its time. */
  failure: Problem | null = null
  delayMs = 0

  /** Takes its time, and fails, as a test wants it. */
  async ready(): Promise<void> {
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs))
    if (this.failure) throw this.failure
  }

  #root(host: HostId): Node {
    const root = this.#trees.get(host) ?? tree()
    this.#trees.set(host, root)
    return root
  }

  #find(host: HostId, path: string): Node {
    let node: Node | undefined = this.#root(host)
    for (const part of path.split('/').filter(Boolean)) node = node?.children?.get(part)
    if (!node) throw problem('file-not-found', { address: host, doing: 'list', path, cause: 'there is no such file or folder' })
    return node
  }

  #split(path: string): [string, string] {
    const slash = path.lastIndexOf('/')
    return [path.slice(0, slash) || '/', path.slice(slash + 1)]
  }

  #page(host: HostId, path: string, rows: FileRow[], size: number): FolderPage {
    const rest = rows.slice(size)
    const listing = rest.length > 0 ? this.#next++ : null
    if (listing !== null) this.#listings.set(listing, { host, path, rows: rest })
    const names = { users: { 1000: 'ada' }, groups: { 1000: 'staff' } }
    return { listing, path, rows: rows.slice(0, size), names, refused: path === '/etc' ? 1 : 0, cut: false }
  }

  #rows(path: string, node: Node): FileRow[] {
    if (path === '/big')
      return Array.from({ length: 100_000 }, (_, n) => [`file-${n}.log`, null, 'file', n * 13, now() - n, 0o644, 1000, 1000])
    return [...(node.children ?? [])].map(([name, one]) => {
      return [name, shownName(name), one.kind, one.size, one.modified, one.mode, 1000, 1000]
    })
  }

  #list(host: HostId, wanted: string): FolderPage {
    const path = wanted === '' || wanted === '~' ? '/home/ada' : wanted.replace(/^~/, '/home/ada')
    if (path === '/secret') throw problem('file-denied', { address: host, doing: 'list', path, cause: 'permission denied' })
    const node = this.#find(host, path)
    if (!node.children) throw problem('file-not-found', { address: host, doing: 'list', path, cause: 'it is no folder' })
    return this.#page(host, path, this.#rows(path, node), FIRST_PAGE)
  }

  #make(host: HostId, where: string, name: string, node: Node): { path: string; shown: string } {
    const parent = this.#find(host, where)
    const path = where === '/' ? `/${name}` : `${where}/${name}`
    if (parent.children?.has(name)) throw problem('file-exists', { address: host, doing: 'make-folder', path, cause: '' })
    parent.children?.set(name, node)
    return { path, shown: path }
  }

  async #work(name: string, paths: string[], each: (path: string) => void): Promise<WorkView> {
    const view: WorkView = { done: 0, current: '', problems: [], problemCount: 0, cancelled: false }
    this.#works.set(name, { view })
    for (const path of paths) {
      await this.ready()
      if (view.cancelled) break
      view.current = path
      try {
        each(path)
        view.done++
      } catch (thrown) {
        view.problemCount++
        view.problems.push({ path, problem: thrown as Problem })
      }
    }
    this.#works.delete(name)
    return view
  }

  /** What a text file holds; null where there is none. */
  text(host: HostId, path: string): string | null {
    const [where, name] = this.#split(path)
    const node = this.#find(host, where).children?.get(name)
    return node?.kind === 'file' && !name.endsWith('.png') ? (node.text ?? null) : null
  }

  has(host: HostId, path: string): boolean {
    const [where, name] = this.#split(path)
    return this.#find(host, where).children?.has(name) ?? false
  }

  /** Null for what is no file. */
  size(host: HostId, path: string): number | null {
    const node = this.#find(host, path)
    return node.kind === 'file' ? node.size : null
  }

  /** As a program on the host would write it; null deletes it. */
  write(host: HostId, path: string, text: string | null): void {
    const [where, name] = this.#split(path)
    const folder = this.#find(host, where)
    if (text === null) folder.children?.delete(name)
    else folder.children?.set(name, { ...file(text.length), ...folder.children.get(name), text })
  }

  picture(host: HostId, path: string): Uint8Array {
    const { text } = this.#find(host, path)
    return Uint8Array.from(atob(text ?? ''), (letter) => letter.charCodeAt(0))
  }

  handlers(): Handlers {
    return {
      files_home: () => ({ path: '/home/ada', shown: '/home/ada' }),
      files_list: async ({ host, path }) => {
        await this.ready()
        return this.#list(host, path)
      },
      files_page: ({ listing }) => {
        const left = this.#listings.get(listing)
        this.#listings.delete(listing)
        return left ? this.#page(left.host, left.path, left.rows, PAGE) : null
      },
      files_leave: ({ listing }) => {
        this.#listings.delete(listing)
        return null
      },
      files_complete: ({ host, path }) => {
        const [where, beginning] = this.#split(path)
        const found = [...(this.#find(host, where).children ?? [])]
          .filter(([name, node]) => node.children && name.startsWith(beginning) && (name[0] !== '.' || beginning[0] === '.'))
          .map(([name]) => (where === '/' ? `/${name}` : `${where}/${name}`))
        return found.sort().map((one) => ({ path: one, shown: one }))
      },
      files_properties: ({ host, path }) => {
        const { kind, size, modified, mode } = this.#find(host, path)
        const owner = { id: 1000, name: 'ada' }
        const target = kind === 'link-broken' ? { path: 'nowhere', shown: 'nowhere' } : null
        const space = { total: 100e9, available: 37e9, readOnly: false }
        return {
          path: { path, shown: path },
          kind,
          size,
          modified,
          accessed: modified,
          mode,
          user: owner,
          group: owner,
          target,
          space,
        }
      },
      files_link_target: () => ({ path: 'nowhere', shown: 'nowhere' }),
      files_preview: ({ host, path }) => {
        const { text, children } = this.#find(host, path)
        if (children) return { kind: 'none' }
        if (path.endsWith('.png')) return { kind: 'picture' }
        return text === undefined ? { kind: 'binary' } : { kind: 'text', text, cut: false }
      },
      files_make_folder: ({ host, folder: where, name }) => this.#make(host, where, name, folder()),
      files_make_file: ({ host, folder: where, name }) => this.#make(host, where, name, file(0)),
      files_rename: ({ host, path, name }) => {
        const [where, old] = this.#split(path)
        const made = this.#make(host, where, name, this.#find(host, path))
        this.#find(host, where).children?.delete(old)
        return made
      },
      files_delete: ({ host, paths, trash, work }) =>
        this.#work(work, paths, (path) => {
          const [where, name] = this.#split(path)
          if (trash && name === 'chart.png') throw problem('trash-failed', { path, cause: 'it lies on another disk' })
          if (name === 'nginx.conf')
            throw problem('file-denied', { address: host, doing: 'remove', path, cause: 'permission denied' })
          this.#find(host, where).children?.delete(name)
        }),
      files_permissions: ({ host, paths, change, work }) =>
        this.#work(work, paths, (path) => {
          const node = this.#find(host, path)
          node.mode = (node.mode & ~change.clear) | change.set
        }),
      files_progress: ({ work }) => this.#works.get(work)?.view ?? null,
      files_cancel: ({ work }) => {
        const running = this.#works.get(work)
        if (running) running.view.cancelled = true
        return null
      },
      files_bookmarks: ({ host }) => this.#marks.get(host) ?? [],
      files_bookmark: ({ host, path, on }) => {
        const others = (this.#marks.get(host) ?? []).filter((other) => other !== path)
        this.#marks.set(host, on ? [...others, path] : others)
        return this.#marks.get(host) ?? []
      },
      files_pick_folder: () => '/home/ada/Downloads',
      files_copy_out: ({ paths }) => paths.length,
      files_pick_upload: ({ folders }) => (folders ? ['/home/ada/Pictures'] : ['/home/ada/a.txt', '/home/ada/b.txt']),
    }
  }
}
