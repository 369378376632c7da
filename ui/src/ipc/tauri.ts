/**
 * The real engine, over Tauri's IPC. This folder is the only one that knows Tauri.
 *
 * Commands carry the names and arguments of `Commands`. Events come as one Tauri event, `engine`, in order. Terminal output
 * comes over a `Channel` of raw bodies; typed bytes go as a raw body with the terminal's id in a header, as bytes in JSON
 * would be four times as large.
 */
import { Channel, invoke } from '@tauri-apps/api/core'
import { listen } from '@tauri-apps/api/event'
import { getCurrentWebview } from '@tauri-apps/api/webview'
import { getCurrentWindow, ProgressBarStatus } from '@tauri-apps/api/window'
import { readText, writeText } from '@tauri-apps/plugin-clipboard-manager'
import { load, type Store } from '@tauri-apps/plugin-store'
import type { Backend, CommandName, IconProgress, Preferences } from './backend'
import { followFileDrags } from './file-drags'
import type { Commands, EngineEvent, TerminalId, TestProgress } from './generated'

const PREFERENCES_FILE = 'preferences.json'
const PREFERENCES_KEY = 'window'
/** Which window saved them: what this one did is no news to it. */
const SAVED_BY = 'savedBy'

/** Opened at its first use and then kept. */
let preferences: Promise<Store> | undefined

function preferencesFile(): Promise<Store> {
  preferences ??= load(PREFERENCES_FILE, { defaults: {}, autoSave: false })
  return preferences
}

function withoutSaver({ [SAVED_BY]: _, ...preferences }: Preferences): Preferences {
  return preferences
}

const own = getCurrentWindow()

const ICON_STATUS: Record<Exclude<IconProgress['state'], 'none'>, ProgressBarStatus> = {
  running: ProgressBarStatus.Normal,
  waiting: ProgressBarStatus.Paused,
  failed: ProgressBarStatus.Error,
}

export const tauriBackend: Backend = {
  window: own.label,

  call<Name extends CommandName>(name: Name, args: Commands[Name]['args']) {
    return invoke<Commands[Name]['result']>(name, args)
  },

  onEvent: (listener) => listen<EngineEvent>('engine', ({ payload }) => listener(payload)),

  openTerminal(host, size, onOutput) {
    const output = new Channel<ArrayBuffer>((bytes) => onOutput(new Uint8Array(bytes)))
    return invoke<TerminalId>('terminal_open', { host, size, output })
  },

  attachTerminal(id, size, onOutput) {
    const output = new Channel<ArrayBuffer>((bytes) => onOutput(new Uint8Array(bytes)))
    return invoke<number>('terminal_attach', { id, size, output })
  },

  writeTerminal: (id, bytes) => invoke('terminal_write', bytes, { headers: { terminal: String(id) } }),

  readPicture: async (host, path) => new Uint8Array(await invoke<ArrayBuffer>('files_picture', { host, path })),

  testHost(id, draft, password, onProgress) {
    const progress = new Channel<TestProgress>(onProgress)
    return invoke('host_test', { id, draft, password, progress })
  },

  async loadPreferences() {
    const file = await preferencesFile()
    return withoutSaver((await file.get<Preferences>(PREFERENCES_KEY)) ?? {})
  },

  async savePreferences(next) {
    const file = await preferencesFile()
    await file.set(PREFERENCES_KEY, { ...next, [SAVED_BY]: own.label })
    await file.save()
  },

  async onPreferences(listener) {
    const file = await preferencesFile()
    return file.onKeyChange<Preferences>(PREFERENCES_KEY, (saved) => {
      if (saved && saved[SAVED_BY] !== own.label) listener(withoutSaver(saved))
    })
  },

  readClipboard: () => readText(),
  writeClipboard: (text) => writeText(text),

  onMenu: (listener) => own.listen<string>('menu', ({ payload }) => listener(payload)),

  onKeptOpen: (listener) => own.listen('kept-open', () => listener()),

  onFileDrag: (listener) => getCurrentWebview().onDragDropEvent(followFileDrags(listener)),

  setIconProgress: (progress) =>
    own.setProgressBar(
      progress.state === 'none'
        ? { status: ProgressBarStatus.None }
        : { status: ICON_STATUS[progress.state], progress: Math.round(progress.share * 100) },
    ),

  setTitle: (title) => own.setTitle(title),
  setTheme: (theme) => own.setTheme(theme),
}
