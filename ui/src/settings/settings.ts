/**
 * What a person can set about the window. Kept by the back end as plain preferences: whatever lies there is checked
 * field by field, so that a damaged or older file costs one setting and never the start.
 */
import { defineStore } from 'pinia'
import { reactive, watch } from 'vue'
import { readFilesLook, type FilesLook } from '../files/look'
import { readRules, type HighlightRule } from '../highlights/rules'
import { MAIN_WINDOW, useBackend } from '../ipc'
import { readClipboardHosts } from './clipboard-hosts'
import { changedElsewhere, OF_EACH_WINDOW } from './shared'
import { DEFAULT_TERMINAL_LOOK, readTerminalLook, type TerminalLook } from './terminal-look'

export type ThemeChoice = 'system' | 'light' | 'dark'
export type LanguageChoice = 'system' | 'en' | 'zh-CN'
export type CursorStyle = 'block' | 'bar' | 'underline'
export type RightClick = 'menu' | 'paste'
export type ClipboardWritesChoice = 'ask' | 'never'
export type Bell = 'off' | 'visual'
export type Restore = 'ask' | 'always' | 'never'
/** Seconds that a command has to run. */
export type LongCommands = 'off' | '10' | '30' | '60'

export interface Settings extends TerminalLook {
  theme: ThemeChoice
  language: LanguageChoice
  /** A CSS font-family list. Empty means the bundled JetBrains Mono. */
  fontFamily: string
  /** In CSS pixels. */
  fontSize: number
  /** A multiple of the font size. */
  lineHeight: number
  cursorStyle: CursorStyle
  cursorBlink: boolean
  /** Lines kept above the screen of a terminal. */
  scrollback: number
  copyOnSelect: boolean
  /** Whether what programs draw is shown (sixel, inline files of iTerm2), and they are told so. */
  pictures: boolean
  /** Whether programs on servers may ask to set the clipboard (OSC 52). */
  clipboardWrites: ClipboardWritesChoice
  /** Hosts for which that was decided for good. */
  clipboardHosts: Record<string, 'always' | 'never'>
  rightClick: RightClick
  bell: Bell
  /** What becomes of the terminals that were open when the app ended last. */
  restore: Restore
  /** Notifications of the desktop when a session comes back unseen. */
  notifications: boolean
  /** When a command that ran for so long has ended unseen. */
  longCommands: LongCommands
  menuBar: boolean
  /** An address that does not answer for so long is given up. */
  diallingSeconds: number
  /** A connection that is quiet for so long is asked for a sign of life. */
  quietSeconds: number
  /** A connection that nobody uses is closed after so long. */
  unusedMinutes: number
  sidebarShown: boolean
  /** In CSS pixels. */
  sidebarWidth: number
  /** In CSS pixels. */
  drawerWidth: number
  /** Names of the groups folded in the sidebar. */
  foldedGroups: string[]
  /** What of ssh_config is not used was read and put away, line by line: see `notices/config-notes.ts`. */
  readConfigNotes: string[]
  /** What is marked in the output of terminals. */
  highlights: HighlightRule[]
  /** The command of the person's own editor; empty for what the desktop has for a file. */
  editorCommand: string
  /** Columns, order and the like of the files panel. */
  files: FilesLook
}

export const DEFAULT_SETTINGS: Readonly<Settings> = {
  ...DEFAULT_TERMINAL_LOOK,
  theme: 'system',
  language: 'system',
  fontFamily: '',
  fontSize: 13,
  lineHeight: 1.1,
  cursorStyle: 'block',
  cursorBlink: false,
  scrollback: 10_000,
  copyOnSelect: false,
  pictures: false,
  clipboardWrites: 'ask',
  clipboardHosts: {},
  rightClick: 'menu',
  bell: 'visual',
  restore: 'ask',
  notifications: true,
  longCommands: '30',
  menuBar: false,
  diallingSeconds: 8,
  quietSeconds: 7,
  unusedMinutes: 30,
  sidebarShown: true,
  sidebarWidth: 260,
  drawerWidth: 340,
  foldedGroups: [],
  readConfigNotes: [],
  highlights: readRules(undefined),
  editorCommand: '',
  files: readFilesLook(undefined),
}

/** Smallest value, largest value and step of each number. */
export const LIMITS = {
  fontSize: { min: 8, max: 32, step: 1 },
  lineHeight: { min: 1, max: 2, step: 0.05 },
  scrollback: { min: 0, max: 100_000, step: 1000 },
  // The same bounds hold in the engine.
  diallingSeconds: { min: 2, max: 120, step: 1 },
  quietSeconds: { min: 3, max: 60, step: 1 },
  unusedMinutes: { min: 1, max: 1440, step: 1 },
  sidebarWidth: { min: 200, max: 480, step: 10 },
  drawerWidth: { min: 280, max: 640, step: 10 },
} as const

export const CHOICES = {
  theme: ['system', 'light', 'dark'],
  language: ['system', 'en', 'zh-CN'],
  cursorStyle: ['block', 'bar', 'underline'],
  rightClick: ['menu', 'paste'],
  bell: ['visual', 'off'],
  restore: ['ask', 'always', 'never'],
  clipboardWrites: ['ask', 'never'],
  longCommands: ['off', '10', '30', '60'],
} as const

/** Long enough for several families, short enough to be no accident. */
const FONT_FAMILY_MAX_CHARACTERS = 200

function oneOf<Value extends string>(choices: readonly Value[], value: unknown, otherwise: Value): Value {
  return choices.find((choice) => choice === value) ?? otherwise
}

function within(limits: { min: number; max: number }, value: unknown, otherwise: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return otherwise
  return Math.min(limits.max, Math.max(limits.min, value))
}

function flag(value: unknown, otherwise: boolean): boolean {
  return typeof value === 'boolean' ? value : otherwise
}

function fontFamily(value: unknown): string {
  // Anything that could end the declaration it is put into is not a font's name.
  if (typeof value !== 'string' || /[;{}<>\n\r]/.test(value)) return DEFAULT_SETTINGS.fontFamily
  return value.trim().slice(0, FONT_FAMILY_MAX_CHARACTERS)
}

function texts(stored: unknown): string[] {
  return Array.isArray(stored) ? stored.filter((text) => typeof text === 'string') : []
}

/** Settings out of whatever was stored: a field that is missing or wrong gets its default. */
export function readSettings(stored: Record<string, unknown>): Settings {
  const usual = DEFAULT_SETTINGS
  return {
    ...readTerminalLook(stored),
    theme: oneOf(CHOICES.theme, stored['theme'], usual.theme),
    language: oneOf(CHOICES.language, stored['language'], usual.language),
    fontFamily: fontFamily(stored['fontFamily']),
    fontSize: Math.round(within(LIMITS.fontSize, stored['fontSize'], usual.fontSize)),
    lineHeight: within(LIMITS.lineHeight, stored['lineHeight'], usual.lineHeight),
    cursorStyle: oneOf(CHOICES.cursorStyle, stored['cursorStyle'], usual.cursorStyle),
    cursorBlink: flag(stored['cursorBlink'], usual.cursorBlink),
    scrollback: Math.round(within(LIMITS.scrollback, stored['scrollback'], usual.scrollback)),
    copyOnSelect: flag(stored['copyOnSelect'], usual.copyOnSelect),
    pictures: flag(stored['pictures'], usual.pictures),
    clipboardWrites: oneOf(CHOICES.clipboardWrites, stored['clipboardWrites'], usual.clipboardWrites),
    clipboardHosts: readClipboardHosts(stored['clipboardHosts']),
    rightClick: oneOf(CHOICES.rightClick, stored['rightClick'], usual.rightClick),
    bell: oneOf(CHOICES.bell, stored['bell'], usual.bell),
    restore: oneOf(CHOICES.restore, stored['restore'], usual.restore),
    notifications: flag(stored['notifications'], usual.notifications),
    longCommands: oneOf(CHOICES.longCommands, stored['longCommands'], usual.longCommands),
    menuBar: flag(stored['menuBar'], usual.menuBar),
    diallingSeconds: Math.round(within(LIMITS.diallingSeconds, stored['diallingSeconds'], usual.diallingSeconds)),
    quietSeconds: Math.round(within(LIMITS.quietSeconds, stored['quietSeconds'], usual.quietSeconds)),
    unusedMinutes: Math.round(within(LIMITS.unusedMinutes, stored['unusedMinutes'], usual.unusedMinutes)),
    sidebarShown: flag(stored['sidebarShown'], usual.sidebarShown),
    sidebarWidth: Math.round(within(LIMITS.sidebarWidth, stored['sidebarWidth'], usual.sidebarWidth)),
    drawerWidth: Math.round(within(LIMITS.drawerWidth, stored['drawerWidth'], usual.drawerWidth)),
    foldedGroups: texts(stored['foldedGroups']),
    readConfigNotes: texts(stored['readConfigNotes']),
    highlights: readRules(stored['highlights']),
    editorCommand: typeof stored['editorCommand'] === 'string' ? stored['editorCommand'].slice(0, 4096) : usual.editorCommand,
    files: readFilesLook(stored['files']),
  }
}

/** A drag of the sidebar's edge changes its width many times a second; the file is written once it rests. */
const SAVE_AFTER_MS = 300

/** `useSettings().current.fontSize`: reactive; writing a field stores it. */
export const useSettings = defineStore('settings', () => {
  const current = reactive<Settings>({
    ...DEFAULT_SETTINGS,
    importedSchemes: [],
    clipboardHosts: {},
    foldedGroups: [],
    readConfigNotes: [],
    highlights: [],
    files: readFilesLook(undefined),
  })
  /** Preferences of a newer Bowline that this one does not know, kept as they are. */
  let others: Record<string, unknown> = {}
  /** As they were stored last, by whichever window. */
  let known = readSettings({})

  let saving: ReturnType<typeof setTimeout> | undefined

  function saveNow(): void {
    clearTimeout(saving)
    saving = undefined
    const next = readSettings({ ...(JSON.parse(JSON.stringify(current)) as Settings), ...ownOf(known) })
    if (Object.keys(changedElsewhere(known, next)).length === 0) return
    known = next
    // A preference that cannot be written is no reason to bother anyone: it still holds in this window.
    useBackend()
      .savePreferences({ ...others, ...next })
      .catch(() => undefined)
  }

  /** What a torn-off window leaves as the main one has it. */
  function ownOf(settings: Settings): Partial<Settings> {
    if (useBackend().window === MAIN_WINDOW) return {}
    return Object.fromEntries(OF_EACH_WINDOW.map((field) => [field, settings[field]]))
  }

  /** Another window has stored something. */
  function follow(stored: Record<string, unknown>): void {
    others = stored
    const next = readSettings(stored)
    const changed = changedElsewhere(known, next)
    known = next
    Object.assign(current, changed, ownOf(current))
  }

  function saveSoon(): void {
    clearTimeout(saving)
    saving = setTimeout(saveNow, SAVE_AFTER_MS)
  }

  /** Reads what was stored. Call once, before the window is drawn. */
  async function load(): Promise<void> {
    try {
      others = await useBackend().loadPreferences()
    } catch {
      // Without its preferences the window still opens, with the defaults.
      others = {}
    }
    known = readSettings(others)
    Object.assign(current, readSettings(others))
    if (useBackend().window !== MAIN_WINDOW) current.sidebarShown = false
    watch(current, saveSoon)
    await useBackend()
      .onPreferences(follow)
      .catch(() => undefined)
    // What was changed just before the window closed is kept too.
    window.addEventListener('pagehide', () => saving && saveNow())
  }

  /** The window keeps its shape, and what was imported stays: only what the dialog shows goes back to the defaults. */
  function reset(): void {
    const { importedSchemes, sidebarShown, sidebarWidth, drawerWidth, foldedGroups, readConfigNotes, highlights, files } = current
    Object.assign(current, DEFAULT_SETTINGS, {
      importedSchemes,
      clipboardHosts: {},
      sidebarShown,
      sidebarWidth,
      drawerWidth,
      foldedGroups,
      readConfigNotes,
      highlights,
      files,
    })
  }

  return { current, load, reset }
})
