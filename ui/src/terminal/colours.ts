/** The colours of a terminal, read from the design tokens of the theme that is shown. */
import type { ISearchDecorationOptions } from '@xterm/addon-search'
import type { ITheme } from '@xterm/xterm'

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

function tokens(): (name: string) => string {
  const style = getComputedStyle(document.documentElement)
  return (name) => style.getPropertyValue(`--${name}`).trim()
}

export function readTheme(): ITheme {
  const token = tokens()
  const theme: ITheme = {
    foreground: token('ink'),
    background: token('term'),
    cursor: token('accent'),
    cursorAccent: token('term'),
    selectionBackground: token('selection'),
    selectionInactiveBackground: token('selection'),
    scrollbarSliderBackground: token('term-slider'),
    scrollbarSliderHoverBackground: token('term-slider-hover'),
    scrollbarSliderActiveBackground: token('term-slider-hover'),
  }
  for (const [key, name] of Object.entries(ANSI)) theme[key as keyof typeof ANSI] = token(`ansi-${name}`)
  return theme
}

/** How matches of a search are marked. */
export function readMatchColours(): ISearchDecorationOptions {
  const token = tokens()
  return {
    matchBackground: token('term-match'),
    matchOverviewRuler: token('term-match'),
    activeMatchBackground: token('term-match-active'),
    activeMatchBorder: token('accent'),
    activeMatchColorOverviewRuler: token('accent'),
  }
}

/** Calls back whenever the document's theme changes. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}
