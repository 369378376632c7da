/** What a person can set about the looks of a terminal beyond font and cursor, checked as it is read. */
import { readImported } from '../terminal/scheme-import'
import { OWN_SCHEME, type Scheme } from '../terminal/schemes'

export type ScreenReaderChoice = 'auto' | 'on' | 'off'

export interface TerminalLook {
  /** Ids of `terminal/schemes.ts`: the colours while the window is dark, and while it is light. */
  darkScheme: string
  lightScheme: string
  importedSchemes: Scheme[]
  /** Text is made darker or lighter until it has this contrast to what is behind it (WCAG 2); 1 leaves it as it is. */
  minimumContrast: MinimumContrast
  screenReader: ScreenReaderChoice
  /** Emoji and the like made of several characters take the place that they are seen to take. */
  graphemes: boolean
  /** `=>` and the like as one sign, where the font has them. */
  ligatures: boolean
}

export const MINIMUM_CONTRASTS = ['1', '4.5', '7'] as const
export type MinimumContrast = (typeof MINIMUM_CONTRASTS)[number]

export const SCREEN_READER_CHOICES = ['auto', 'on', 'off'] as const

export const DEFAULT_TERMINAL_LOOK: Readonly<TerminalLook> = {
  darkScheme: OWN_SCHEME,
  lightScheme: OWN_SCHEME,
  importedSchemes: [],
  minimumContrast: '4.5',
  screenReader: 'auto',
  graphemes: false,
  ligatures: false,
}

const ID_CHARACTERS = 100

export function readTerminalLook(stored: Record<string, unknown>): TerminalLook {
  const usual = DEFAULT_TERMINAL_LOOK
  const id = (value: unknown) => (typeof value === 'string' && value.length <= ID_CHARACTERS ? value : OWN_SCHEME)
  const flag = (value: unknown, otherwise: boolean) => (typeof value === 'boolean' ? value : otherwise)
  return {
    darkScheme: id(stored['darkScheme']),
    lightScheme: id(stored['lightScheme']),
    importedSchemes: readImported(stored['importedSchemes']),
    minimumContrast: MINIMUM_CONTRASTS.find((one) => one === stored['minimumContrast']) ?? usual.minimumContrast,
    screenReader: SCREEN_READER_CHOICES.find((one) => one === stored['screenReader']) ?? usual.screenReader,
    graphemes: flag(stored['graphemes'], usual.graphemes),
    ligatures: flag(stored['ligatures'], usual.ligatures),
  }
}
