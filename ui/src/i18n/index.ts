/** The message catalogue. Messages are compiled at build time, so that nothing is evaluated in the window. */
import { createI18n } from 'vue-i18n'
import { useBackend } from '../ipc'
import type { LanguageChoice } from '../settings/settings'
import en from './en.json'
import { seamWords } from './seam'
import zhCN from './zh-CN.json'

export type Language = 'en' | 'zh-CN'

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en, 'zh-CN': zhCN },
})

/** For code outside components: action titles, toasts. Reactive like the composable. */
export const t = i18n.global.t

/** The language that a choice means on this system: Chinese in any of its forms is the one Chinese we have. */
export function languageOf(choice: LanguageChoice, systemLanguages: readonly string[]): Language {
  if (choice !== 'system') return choice
  const first = systemLanguages.find((language) => /^(en|zh)\b/i.test(language)) ?? 'en'
  return /^zh\b/i.test(first) ? 'zh-CN' : 'en'
}

/** Shows the window, its document and the native menu in a language. */
export function showLanguage(language: Language): void {
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
