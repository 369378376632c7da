/** The colours of a terminal: a scheme that was chosen, or the design tokens of the theme that is shown. */
import type { ITheme } from '@xterm/xterm'
import { findScheme, type Scheme } from './schemes'

const ANSI = {
  black: 'black',
  red: 'red',
  green: 'green',
  yellow: 'yellow',
  blue: 'blue',
  magenta: 'magenta',
  cyan: 'cyan',
  white: 'white',
  brightBlack: 'bright-black',
  brightRed: 'bright-red',
  brightGreen: 'bright-green',
  brightYellow: 'bright-yellow',
  brightBlue: 'bright-blue',
  brightMagenta: 'bright-magenta',
  brightCyan: 'bright-cyan',
  brightWhite: 'bright-white',
} as const

/** What is chosen for the dark and for the light window. */
export interface SchemeChoice {
  darkScheme: string
  lightScheme: string
  importedSchemes: readonly Scheme[]
}

/** The chosen scheme for the theme that is shown; none means the window's own colours. */
export function shownScheme(choice: SchemeChoice): Scheme | undefined {
  const { theme } = document.documentElement.dataset
  return findScheme(theme === 'light' ? choice.lightScheme : choice.darkScheme, choice.importedSchemes)
}

/** The design tokens as they are in a place: part of a dark window may be light. */
function tokens(place: Element = document.documentElement): (name: string) => string {
  const style = getComputedStyle(place)
  return (name) => style.getPropertyValue(`--${name}`).trim()
}

/** `place` has the theme of the scheme, for what a scheme does not say. */
export function readTheme(scheme: Scheme | undefined, place?: Element): ITheme {
  const token = tokens(place)
  const slider = {
    scrollbarSliderBackground: token('term-slider'),
    scrollbarSliderHoverBackground: token('term-slider-hover'),
    scrollbarSliderActiveBackground: token('term-slider-hover'),
  }
  if (scheme) {
    const { background, foreground, cursor, selection, ansi } = scheme
    const theme: ITheme = {
      ...slider,
      background,
      foreground,
      cursor,
      cursorAccent: background,
      selectionBackground: selection,
      selectionInactiveBackground: selection,
    }
    for (const [n, key] of Object.keys(ANSI).entries()) theme[key as keyof typeof ANSI] = ansi[n] ?? foreground
    return theme
  }
  const theme: ITheme = {
    ...slider,
    foreground: token('ink'),
    background: token('term'),
    cursor: token('accent'),
    cursorAccent: token('term'),
    selectionBackground: token('selection'),
    selectionInactiveBackground: token('selection'),
  }
  for (const [key, name] of Object.entries(ANSI)) theme[key as keyof typeof ANSI] = token(`ansi-${name}`)
  return theme
}

/** How matches of a search are marked. */
export function readMatchColours(place?: Element) {
  const token = tokens(place)
  return {
    matchBackground: token('term-match'),
    activeMatchBackground: token('term-match-active'),
    activeMatchBorder: token('accent'),
  }
}

/** Calls back whenever the document's theme changes. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}
