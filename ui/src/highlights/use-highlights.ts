/** The highlights of a terminal in its view: the rules of its host, as they are now. */
import { computed, onScopeDispose, watch } from 'vue'
import { useSettings } from '../settings/settings'
import { onThemeChange } from '../terminal/colours'
import type { TerminalSession } from '../terminal/session'
import { Highlights } from './follow'
import { isOn, type HighlightRule } from './rules'

/** Call within a component. */
export function useHighlights(session: TerminalSession): void {
  const settings = useSettings()
  const rules = computed(() => settings.current.highlights.filter((rule) => rule.colour !== null && isOn(rule, session.hostId)))
  let highlights: Highlights | undefined

  function begin(): void {
    highlights?.dispose()
    highlights = undefined
    // Without rules nothing listens to a terminal.
    if (rules.value.length === 0) return
    const style = getComputedStyle(document.documentElement)
    const colour = (rule: HighlightRule) => style.getPropertyValue(`--tab-${rule.colour ?? ''}`).trim()
    highlights = new Highlights(session.surface.terminal, rules.value, colour)
  }

  watch(rules, begin, { immediate: true, deep: true })
  const stopTheme = onThemeChange(begin)
  onScopeDispose(() => {
    stopTheme()
    highlights?.dispose()
  })
}
