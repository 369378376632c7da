/**
 * The real engine, over Tauri's IPC. This folder is the only one that knows Tauri.
 *
 * Commands carry the names and arguments of `Commands`. Events come as one Tauri event, `engine`, in order. Terminal output
 * comes over a `Channel` of raw bodies; typed bytes go as a raw body with the terminal's id in a header, as bytes in JSON
 * would be four times as large.
 */
import { Channel, invoke } from '@tauri-apps/api/core'
import { listen } from '@tauri-apps/api/event'
import { getCurrentWindow } from '@tauri-apps/api/window'
import { readText, writeText } from '@tauri-apps/plugin-clipboard-manager'
import { load, type Store } from '@tauri-apps/plugin-store'
import type { Backend, CommandName } from './backend'
import type { Commands, EngineEvent, TerminalId, TestProgress } from './generated'

const PREFERENCES_FILE = 'preferences.json'
const PREFERENCES_KEY = 'window'

/** Opened at its first use and then kept. */
let preferences: Promise<Store> | undefined

function preferencesFile(): Promise<Store> {
  preferences ??= load(PREFERENCES_FILE, { defaults: {}, autoSave: false })
  return preferences
}

export const tauriBackend: Backend = {
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

  testHost(id, draft, password, onProgress) {
    const progress = new Channel<TestProgress>(onProgress)
    return invoke('host_test', { id, draft, password, progress })
  },

  async loadPreferences() {
    const file = await preferencesFile()
    return (await file.get<Record<string, unknown>>(PREFERENCES_KEY)) ?? {}
  },

  async savePreferences(next) {
    const file = await preferencesFile()
    await file.set(PREFERENCES_KEY, next)
    await file.save()
  },

  readClipboard: () => readText(),
  writeClipboard: (text) => writeText(text),

  onMenu: (listener) => listen<string>('menu', ({ payload }) => listener(payload)),

  setTitle: (title) => getCurrentWindow().setTitle(title),
  setTheme: (theme) => getCurrentWindow().setTheme(theme),
}
