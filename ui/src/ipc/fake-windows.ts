/**
 * The other windows of the fake engine. A page in a browser is one of them: the main one, or with `?window=window-2` one that a
 * tab was torn off into. The others have no page; a test speaks for them.
 */
import type { EngineEvent, TerminalId, WindowId, WindowsView, WorkspaceTab, WorkspaceWindow } from './generated'
import { MAIN_WINDOW } from './backend'
import type { Handlers } from './fake-handlers'

type WindowCommand =
  'workspace_save' | 'window_open' | 'window_at' | 'window_give' | 'window_show' | 'window_close' | 'window_unsent' | 'quit'

interface FakeWindow {
  number: number
  said: WorkspaceWindow
  arriving: WorkspaceTab[]
}

const nothing = (): WorkspaceWindow => ({ layout: null, tabs: [], place: null })

export class FakeWindows {
  readonly #windows = new Map<WindowId, FakeWindow>()
  #front: WindowId
  #asks: WindowId
  #opened = 1
  #unsent = false
  #triedToClose = false
  readonly #keptOpen = new Set<() => void>()
  /** Windows that were brought to the front, closed and so on, for tests. */
  readonly done: string[] = []

  constructor(
    readonly own: WindowId,
    private readonly emit: (event: EngineEvent) => void,
  ) {
    this.#front = this.#asks = own
    this.#windows.set(MAIN_WINDOW, { number: 1, said: nothing(), arriving: [] })
    if (own !== MAIN_WINDOW) this.#windows.set(own, { number: 2, said: nothing(), arriving: [] })
  }

  view(): WindowsView {
    const windows = [...this.#windows].map(([id, { number, said, arriving }]) => ({
      id,
      number,
      tabs: [...said.tabs, ...arriving].map(({ host, name }) => ({ host, name })),
      arriving: arriving.length,
    }))
    return { windows, front: this.#front, asks: this.#asks }
  }

  state(id: WindowId): WorkspaceWindow | null {
    const window = this.#windows.get(id)
    return window ? { ...window.said, tabs: [...window.said.tabs, ...window.arriving] } : null
  }

  /** Whether another window has it. */
  isElsewhere(terminal: TerminalId): boolean {
    return [...this.#windows].some(
      ([id, { said, arriving }]) => id !== this.own && [...said.tabs, ...arriving].some((tab) => tab.terminal === terminal),
    )
  }

  save(id: WindowId, said: WorkspaceWindow): void {
    const window = this.#windows.get(id)
    if (!window) return
    const terminals = said.tabs.map(({ terminal }) => terminal)
    window.said = { ...said, tabs: said.tabs.filter(({ terminal }) => terminal === null || !this.isElsewhere(terminal)) }
    window.arriving = window.arriving.filter(({ terminal }) => !terminals.includes(terminal))
    this.#tell()
  }

  open(opened: WorkspaceWindow): void {
    const id = `window-${++this.#opened}`
    this.#windows.set(id, { number: this.#opened, said: { ...opened, tabs: [] }, arriving: [] })
    this.give(id, opened.tabs)
    this.#tell()
  }

  give(to: WindowId, tabs: readonly WorkspaceTab[]): void {
    const moved = tabs.map(({ terminal }) => terminal)
    for (const window of this.#windows.values()) {
      window.said.tabs = window.said.tabs.filter(({ terminal }) => !moved.includes(terminal))
      window.arriving = window.arriving.filter(({ terminal }) => !moved.includes(terminal))
    }
    this.#windows.get(to)?.arriving.push(...tabs)
    this.#tell()
  }

  /** A person closes another window: its tabs come here. */
  close(id: WindowId): void {
    const tabs = this.state(id)?.tabs ?? []
    this.#windows.delete(id)
    if (this.#asks === id) this.#asks = this.own
    this.focus(this.own)
    this.give(this.own, tabs)
  }

  /** The page keeps keys that were not sent. */
  setUnsent(keeps: boolean): void {
    this.#unsent = keeps
    this.#triedToClose &&= keeps
  }

  onKeptOpen(listener: () => void): () => void {
    this.#keptOpen.add(listener)
    return () => void this.#keptOpen.delete(listener)
  }

  /** The window of the page is closed, at the second try if keys wait in it. */
  closeOwn(): void {
    this.#end('close')
  }

  /** So does all of Bowline. */
  quit(): void {
    this.#end('quit')
  }

  #end(how: 'close' | 'quit'): void {
    if (this.#unsent && !this.#triedToClose) {
      this.#triedToClose = true
      this.#keptOpen.forEach((listener) => listener())
    } else this.done.push(how)
  }

  /** A person uses another window, and is asked there from now on. */
  focus(id: WindowId): void {
    this.#front = this.#asks = id
    this.#tell()
  }

  #tell(): void {
    this.emit({ type: 'windows', data: structuredClone(this.view()) })
  }

  readonly handlers: Handlers<WindowCommand> = {
    workspace_save: ({ window, tabs }) => {
      this.save(window, tabs)
      return null
    },
    window_open: ({ opened }) => {
      this.open(opened)
      return null
    },
    window_at: ({ x, y }) => {
      this.done.push(`at ${x} ${y}`)
      return null
    },
    window_give: ({ to, tabs }) => {
      this.give(to, tabs)
      return null
    },
    window_show: ({ id }) => {
      this.done.push(`show ${id}`)
      return null
    },
    window_close: () => {
      this.closeOwn()
      return null
    },
    window_unsent: ({ keeps }) => {
      this.setUnsent(keeps)
      return null
    },
    quit: () => {
      this.quit()
      return null
    },
  }
}
