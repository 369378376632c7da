/** Puts the theme that a person chose, or the system has, on the document and on the window's frame. */
import { usePreferredDark } from '@vueuse/core'
import { computed, watchEffect } from 'vue'
import { useBackend } from '../ipc'
import { useSettings } from '../settings/settings'

export type Theme = 'light' | 'dark'

export function useTheme() {
  const settings = useSettings()
  const systemDark = usePreferredDark()
  const theme = computed<Theme>(() => {
    const choice = settings.current.theme
    return choice === 'system' ? (systemDark.value ? 'dark' : 'light') : choice
  })

  function toggle(): void {
    settings.current.theme = theme.value === 'dark' ? 'light' : 'dark'
  }

  return { theme, toggle }
}

/** Call once, in the root component. */
export function showTheme(): void {
  const settings = useSettings()
  const { theme } = useTheme()
  watchEffect(() => {
    document.documentElement.dataset['theme'] = theme.value
    const choice = settings.current.theme
    // The page has its theme either way; only the frame around it may not follow.
    void useBackend()
      .setTheme(choice === 'system' ? null : choice)
      .catch(() => undefined)
  })
}
