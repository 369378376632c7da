/** The desktop around the fake engine: its pickers, clipboard, icon, browser and menu. */
import type { Backend, FileDrag, IconProgress, Preferences } from './backend'
import type { Handlers } from './fake-handlers'
import { problem } from './fake-problem'

type DesktopCommand =
  | 'capture_folder'
  | 'pick_recording'
  | 'pick_capture_folder'
  | 'reveal_capture_folder'
  | 'transfer_pick_folder'
  | 'transfer_pick_files'
  | 'pick_files_to_send'
  | 'pick_folders_to_send'
  | 'drag_out_begin'
  | 'drag_out_fetch'
  | 'drag_out_end'
  | 'pick_key_file'
  | 'timeline_save'
  | 'notify'
  | 'open_link'
  | 'font_families'
  | 'screen_reader_running'
  | 'reveal_data_folder'
  | 'menu_language'
  | 'menu_visible'

type DesktopBackend = Pick<
  Backend,
  | 'loadPreferences'
  | 'savePreferences'
  | 'onPreferences'
  | 'readClipboard'
  | 'writeClipboard'
  | 'onMenu'
  | 'onFileDrag'
  | 'setIconProgress'
  | 'setTitle'
  | 'setTheme'
>

export interface PreferencesFile {
  load(): Preferences
  save(preferences: Preferences): void
}

function inMemory(): PreferencesFile {
  let kept: Preferences = {}
  return { load: () => kept, save: (preferences) => (kept = structuredClone(preferences)) }
}

/** Adds a listener to a set; what comes back takes it out. */
function listen<Listener>(listeners: Set<Listener>, listener: Listener): Promise<() => void> {
  listeners.add(listener)
  return Promise.resolve(() => void listeners.delete(listener))
}

export class FakeDesktop {
  clipboard = ''
  /** Links and folders that were opened. */
  readonly opened: string[] = []
  readonly notified: { title: string; body: string }[] = []
  readonly iconProgress: IconProgress[] = []
  readonly #menu = new Set<(action: string) => void>()
  readonly #drags = new Set<(drag: FileDrag) => void>()
  readonly #preferences = new Set<(preferences: Preferences) => void>()

  constructor(private readonly file: PreferencesFile = inMemory()) {}

  /** Chooses an item of the native menu. */
  menu(action: string): void {
    this.#menu.forEach((listener) => listener(action))
  }

  /** Files are dragged over the window from outside. */
  dragFiles(drag: FileDrag): void {
    this.#drags.forEach((listener) => listener(drag))
  }

  /** Another window has saved preferences. */
  savedElsewhere(saved: Preferences): void {
    this.#preferences.forEach((listener) => listener(saved))
  }

  readonly backend: DesktopBackend = {
    loadPreferences: () => Promise.resolve(this.file.load()),
    savePreferences: (next) => Promise.resolve(this.file.save(next)),
    onPreferences: (listener) => listen(this.#preferences, listener),
    readClipboard: () => Promise.resolve(this.clipboard),
    writeClipboard: (text) => Promise.resolve(void (this.clipboard = text)),
    onMenu: (listener) => listen(this.#menu, listener),
    onFileDrag: (listener) => listen(this.#drags, listener),
    setIconProgress: (progress) => Promise.resolve(void this.iconProgress.push(progress)),
    setTitle: (title) => Promise.resolve(void (document.title = title)),
    setTheme: () => Promise.resolve(),
  }

  readonly handlers: Handlers<DesktopCommand> = {
    transfer_pick_folder: () => '/home/ada/Downloads',
    transfer_pick_files: () => 2,
    capture_folder: () => '/home/ada/Documents/Bowline',
    pick_recording: () => '/home/ada/Documents/Bowline/web-01-20261121-101500.cast',
    pick_capture_folder: () => '/home/ada/Documents/Bowline',
    reveal_capture_folder: () => {
      this.opened.push('capture-folder')
      return null
    },
    pick_files_to_send: () => ['/home/ada/notes.txt', '/home/ada/site.tar'],
    pick_folders_to_send: () => ['/home/ada/photos'],
    drag_out_begin: () => null,
    drag_out_fetch: () => null,
    drag_out_end: () => 'over',
    pick_key_file: () => '~/.ssh/id_ed25519',
    timeline_save: () => '/home/ada/bowline-timeline.jsonl',
    notify: (notification) => {
      this.notified.push(notification)
      return null
    },
    open_link: ({ url }) => {
      if (!/^https?:/.test(url) || new URL(url).username !== '') throw problem('link-refused', { url })
      this.opened.push(url)
      return null
    },
    font_families: () => ['DejaVu Sans Mono', 'Fira Code', 'Noto Sans Mono CJK SC'],
    screen_reader_running: () => false,
    reveal_data_folder: () => {
      this.opened.push('data-folder')
      return null
    },
    menu_language: () => null,
    menu_visible: () => null,
  }
}
