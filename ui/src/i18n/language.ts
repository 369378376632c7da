/** Follows the language that a person chose or the system has. */
import { usePreferredLanguages } from '@vueuse/core'
import { computed, watch } from 'vue'
import { attempt } from '../notices/attempt'
import { useSettings } from '../settings/settings'
import { languageOf, showLanguage, type Language } from '.'

export function useLanguage() {
  const settings = useSettings()
  const system = usePreferredLanguages()
  const language = computed<Language>(() => languageOf(settings.current.language, system.value))
  const other = computed<Language>(() => (language.value === 'en' ? 'zh-CN' : 'en'))

  function toggle(): void {
    settings.current.language = other.value
  }

  return { language, other, toggle }
}

/** Call once, in the root component. */
export function followLanguage(): void {
  const { language } = useLanguage()
  watch(language, (now) => void attempt(() => showLanguage(now)), { immediate: true })
}
