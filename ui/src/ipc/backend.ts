/**
 * What the window can ask of the engine. There are two: `tauri.ts` (the app) and `fake.ts` (browser tests).
 * Nothing outside this folder knows which one it talks to, or that Tauri exists.
 */
import type {
  Commands,
  EngineEvent,
  HostDraft,
  HostId,
  PasswordChange,
  TerminalId,
  TerminalSize,
  TestProgress,
  WindowId,
} from './generated'

export type CommandName = keyof Commands

/** Stops what it came from: a subscription, a listener. */
export type Stop = () => void

/** Small window preferences (theme, language, font, sizes). Never a host, never a secret. */
export type Preferences = Record<string, unknown>

/** Files that are dragged over the window from outside. */
export type FileDrag =
  | {
      phase: 'enter' | 'over' | 'drop'
      /** Of this computer; the same until the drag ends. */ paths: readonly string[]
      x: number
      y: number
    }
  | { phase: 'leave' }

/** What the icon of the app shows of work that goes on, where the desktop has a place for it. */
export type IconProgress = { state: 'none' } | { state: 'running' | 'waiting' | 'failed'; /** 0 to 1. */ share: number }

/** The window that there is at the start. */
export const MAIN_WINDOW: WindowId = 'main'

export interface Backend {
  /** The window that this page is in. */
  readonly window: WindowId

  /** A refused call rejects with a `Problem`. */
  call<Name extends CommandName>(name: Name, args: Commands[Name]['args']): Promise<Commands[Name]['result']>

  /** News from the engine, in order; call `overview` after subscribing to learn the state before. */
  onEvent(listener: (event: EngineEvent) => void): Promise<Stop>

  /**
   * Opens a terminal on a saved host. It resolves at once with the terminal's id; the state then comes as events.
   * `onOutput` gets chunks of at most 64 KiB, in order. At most 512 KiB are under way until `terminal_ack` gives credit back.
   */
  openTerminal(host: HostId, size: TerminalSize, onOutput: (bytes: Uint8Array) => void): Promise<TerminalId>

  /**
   * Shows a terminal that there is, running or ended, from now on: first a snapshot of all that it has, then what comes, as
   * `openTerminal` does. Without a size, as of a tab that was never on the screen, it keeps the one that it has. Resolves with a
   * number for `terminal_detach`.
   */
  attachTerminal(id: TerminalId, size: TerminalSize | null, onOutput: (bytes: Uint8Array) => void): Promise<number>

  /** The bytes of a picture on a host, of at most 8 MiB; none for anything else. */
  readPicture(host: HostId, path: string): Promise<Uint8Array>

  /** Bytes typed or pasted. Resolves when the engine has taken them; one call at a time for each terminal. */
  writeTerminal(id: TerminalId, bytes: Uint8Array): Promise<void>

  /** Tries a draft out step by step. `id` names the saved host whose kept password may be used. Resolves at the end. */
  testHost(
    id: HostId | null,
    draft: HostDraft,
    password: PasswordChange,
    onProgress: (progress: TestProgress) => void,
  ): Promise<void>

  loadPreferences(): Promise<Preferences>
  savePreferences(preferences: Preferences): Promise<void>
  /** Another window has saved them. */
  onPreferences(listener: (preferences: Preferences) => void): Promise<Stop>

  readClipboard(): Promise<string>
  writeClipboard(text: string): Promise<void>

  /** An item of the native menu was chosen in this window; `action` is the id of an action of `workspace/actions.ts`. */
  onMenu(listener: (action: string) => void): Promise<Stop>

  /** A person wanted to close this window, and it stays for what was typed and not sent (`window_unsent`). */
  onKeptOpen(listener: () => void): Promise<Stop>

  /** Files from the desktop over this window; places in CSS pixels of the page. */
  onFileDrag(listener: (drag: FileDrag) => void): Promise<Stop>

  setIconProgress(progress: IconProgress): Promise<void>
  setTitle(title: string): Promise<void>
  /** Native window theme (title bar), so that it follows the setting. */
  setTheme(theme: 'light' | 'dark' | null): Promise<void>
}
