/** The saved hosts of the fake engine, and those of ssh_config that can be taken over. */
import { checkDraft } from './fake-check'
import { FAKE_HOSTS, importCandidates, LINKED_HOSTS, manyHosts } from './fake-hosts'
import type { Handlers } from './fake-handlers'
import { problem } from './fake-problem'
import type { EngineEvent, Host, HostDraft, HostId, HostList } from './generated'

type SavedHostsCommand =
  | 'hosts'
  | 'host_check'
  | 'host_create'
  | 'host_update'
  | 'host_duplicate'
  | 'host_delete'
  | 'host_restore'
  | 'host_move'
  | 'group_rename'
  | 'import_preview'
  | 'import_apply'

export interface SavedHostsOptions {
  /** `none` is the first run; `few` a day at work; `many` has hundreds. */
  hosts?: 'none' | 'few' | 'many'
  importable?: boolean
  /** With hosts of ssh_config. */
  linked?: boolean
}

const BUILTIN: Host = {
  id: 'builtin',
  builtin: true,
  hasPassword: false,
  linked: null,
  label: 'Built-in host',
  group: '',
  address: '127.0.0.1',
  port: 22,
  user: '',
  auth: 'automatic',
  keyPath: '',
}

export class FakeSavedHosts {
  #hosts: Host[]
  #deleted: Host[] = []
  #next = 1
  readonly #candidates

  constructor(
    private readonly emit: (event: EngineEvent) => void,
    options: SavedHostsOptions,
  ) {
    const seeded = options.hosts === 'many' ? manyHosts() : options.hosts === 'few' ? FAKE_HOSTS : []
    this.#hosts = structuredClone([BUILTIN, ...seeded, ...(options.linked ? LINKED_HOSTS : [])])
    this.#candidates = options.importable === false ? [] : importCandidates()
  }

  all(): Host[] {
    return structuredClone(this.#hosts)
  }

  list(): HostList {
    const shown = [...this.#hosts].sort(
      (a, b) =>
        Number(b.builtin) - Number(a.builtin) ||
        a.group.localeCompare(b.group) ||
        (a.label || a.address).localeCompare(b.label || b.address),
    )
    const groups = shown.filter((host) => !host.linked).map((host) => host.group)
    return { hosts: shown, groups: [...new Set(groups.filter(Boolean))] }
  }

  find(id: HostId): Host {
    const host = this.#hosts.find((other) => other.id === id)
    if (!host) throw problem('host-not-found', { host: id })
    return host
  }

  /** A draft as it would be saved; what is wrong with it is thrown. */
  accepted(draft: HostDraft): HostDraft {
    const [first] = checkDraft(draft)
    if (first) throw problem('host-invalid', { field: first.field, reason: first.problem })
    return draft
  }

  /** How many hosts of ssh_config are not saved yet. */
  importable(): number {
    return this.#candidates.filter((candidate) => !this.#isSaved(candidate.alias)).length
  }

  #changed(): void {
    this.emit({ type: 'hosts', data: this.list() })
  }

  #put(host: Host): Host {
    this.#hosts = [...this.#hosts.filter((other) => other.id !== host.id), host]
    this.#changed()
    return structuredClone(host)
  }

  #newId(): HostId {
    return `host-${this.#next++}`
  }

  #isSaved(alias: string): boolean {
    return this.#hosts.some((host) => !host.linked && host.label === alias)
  }

  readonly handlers: Handlers<SavedHostsCommand> = {
    hosts: () => this.list(),
    host_check: ({ draft }) => checkDraft(draft),
    host_create: ({ draft, password }) =>
      this.#put({
        ...this.accepted(draft),
        id: this.#newId(),
        builtin: false,
        hasPassword: password.kind === 'set',
        linked: null,
      }),
    host_update: ({ id, draft, password }) => {
      const had = this.find(id).hasPassword
      const hasPassword = password.kind === 'keep' ? had : password.kind === 'set'
      return this.#put({ ...this.accepted(draft), id, builtin: false, hasPassword, linked: null })
    },
    host_duplicate: ({ id }) => {
      const host = this.find(id)
      return this.#put({ ...host, id: this.#newId(), builtin: false, label: `${host.label || host.address} (2)` })
    },
    host_delete: ({ id }) => {
      this.#deleted = [...this.#deleted, this.find(id)]
      this.#hosts = this.#hosts.filter((host) => host.id !== id)
      this.#changed()
      return null
    },
    host_restore: ({ id }) => {
      const host = this.#deleted.find((other) => other.id === id)
      if (!host) throw problem('host-not-found', { host: id })
      return this.#put(host)
    },
    group_rename: ({ from, to }) => {
      this.#hosts = this.#hosts.map((host) => (host.group === from ? { ...host, group: to } : host))
      this.#changed()
      return null
    },
    host_move: ({ id, group }) => this.#put({ ...this.find(id), group }),
    import_preview: () => ({
      path: '/home/ada/.ssh/config',
      candidates: this.#candidates.map((candidate) => ({ ...candidate, saved: this.#isSaved(candidate.alias) })),
      problems: this.#candidates.length > 0 ? ['line 31: missing argument'] : [],
    }),
    import_apply: ({ aliases }) =>
      this.#candidates
        .filter((candidate) => aliases.includes(candidate.alias))
        .map(({ draft }) => this.#put({ ...draft, id: this.#newId(), builtin: false, hasPassword: false, linked: null })),
  }
}
