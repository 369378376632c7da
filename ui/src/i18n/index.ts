/** The message catalogue. Messages are compiled at build time, so that nothing is evaluated in the window. */
import { createI18n } from 'vue-i18n'
import { useBackend } from '../ipc'
import type { LanguageChoice } from '../settings/settings'
import en from './en.json'
import { seamWords } from './seam'

export type Language = 'en' | 'zh-CN'

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en, 'zh-CN': {} as typeof en },
})

/** Catalogues that are here. Nobody needs two at once, so the other one is read when it is asked for. */
const loaded = new Set<Language>(['en'])
/** The language that was asked for last: one whose catalogue comes late shows no older wish. */
let wanted: Language = 'en'

export async function loadLanguage(language: Language): Promise<void> {
  if (loaded.has(language)) return
  i18n.global.setLocaleMessage('zh-CN', (await import('./zh-CN.json')).default)
  loaded.add(language)
}

/** For code outside components: action titles, toasts. Reactive like the composable. */
export const t = i18n.global.t

/** The language that a choice means on this system: Chinese in any of its forms is the one Chinese we have. */
export function languageOf(choice: LanguageChoice, systemLanguages: readonly string[]): Language {
  if (choice !== 'system') return choice
  const first = systemLanguages.find((language) => /^(en|zh)\b/i.test(language)) ?? 'en'
  return /^zh\b/i.test(first) ? 'zh-CN' : 'en'
}

/** Shows the window, its document and the native menu in a language. */
export async function showLanguage(language: Language): Promise<void> {
  wanted = language
  await loadLanguage(language)
  if (wanted !== language) return
  i18n.global.locale.value = language
  document.documentElement.lang = language
  // A shell without a native menu has nothing to translate.
  void useBackend()
    .call('menu_language', { language })
    .catch(() => undefined)
  void useBackend()
    .call('terminal_words', { words: seamWords() })
    .catch(() => undefined)
}
