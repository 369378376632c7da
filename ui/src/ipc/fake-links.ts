/** What other starts of the app ask the fake engine for. */
import type { Commands, EngineEvent, OpenRequest, OpenWish } from './generated'

type LinkHandlers = { open_take: (args: Commands['open_take']['args']) => Commands['open_take']['result'] }

export class FakeLinks {
  #waiting: OpenRequest[] = []
  #next = 1

  constructor(private readonly emit: (event: EngineEvent) => void) {}

  readonly handlers: LinkHandlers = {
    open_take: ({ id }) => {
      const before = this.#waiting.length
      this.#waiting = this.#waiting.filter((request) => request.id !== id)
      this.#tell()
      return this.#waiting.length < before
    },
  }

  view(): OpenRequest[] {
    return this.#waiting
  }

  /** As another start of the app does. */
  ask(wish: OpenWish): void {
    this.#waiting = [...this.#waiting, { id: this.#next++, ...wish }]
    this.#tell()
  }

  #tell(): void {
    this.emit({ type: 'links', data: structuredClone(this.#waiting) })
  }
}
