/**
 * WebKit takes the `C` of a plain environment (LANG=C.UTF-8) for the person's language, which `Intl` refuses: what formats
 * numbers in it throws, as uPlot does while it is loaded. Call before anything that may.
 */
export function mendSystemLanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language)
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en', configurable: true })
    Object.defineProperty(navigator, 'languages', { value: ['en'], configurable: true })
  }
}
