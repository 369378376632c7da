/** What is typed and not saved is kept by the engine, a moment behind the typing, so that a reload or a crash costs little of it. */
import { useBackend, type EditWords, type HostId } from '../ipc'

const BEHIND_MS = 1000
/** A large text goes over the bridge less often. */
const BEHIND_PER_MIB_MS = 1000

export interface Drafted {
  id: number
  hostId: HostId
  path: string
  /** What is to be kept; null when it is what the server has. */
  words: EditWords | null
}

export class DraftKeeper {
  #timer: ReturnType<typeof setTimeout> | undefined
  /** One after the other: a draft that is dropped must not come back. */
  #last: Promise<unknown> = Promise.resolve()
  #isKept = false

  constructor(private readonly now: () => Drafted | undefined) {}

  /** The text is another one. */
  changed(length: number): void {
    this.#timer ??= setTimeout(() => this.#keep(), BEHIND_MS + (length / 1024 / 1024) * BEHIND_PER_MIB_MS)
  }

  /** Nothing of it is to be kept. */
  drop(hostId: HostId, path: string): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#isKept) return
    this.#isKept = false
    this.#then(() => useBackend().call('file_draft_drop', { host: hostId, path }))
  }

  /** Takes over the one that an earlier page kept. */
  adopt(): void {
    this.#isKept = true
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Resolves when all that was asked for is done. */
  get settled(): Promise<unknown> {
    return this.#last
  }

  #keep(): void {
    this.#timer = undefined
    const drafted = this.now()
    if (!drafted) return
    const { id, hostId, path, words } = drafted
    if (words === null) return this.drop(hostId, path)
    this.#isKept = true
    this.#then(() => useBackend().call('file_draft_keep', { id, words }))
  }

  #then(work: () => Promise<unknown>): void {
    // A full disk costs the draft and nothing else: the text is in the window.
    this.#last = this.#last.then(work).catch(() => undefined)
  }
}
