/** The highlights of a terminal in its view: the rules of its host, as they are now. */
import { computed, onScopeDispose, watch } from 'vue'
import { t } from '../i18n'
import { useBackend } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { useSettings } from '../settings/settings'
import { onThemeChange } from '../terminal/colours'
import { plainTitle } from '../terminal/hidden-characters'
import type { TerminalSession } from '../terminal/session'
import { Highlights } from './follow'
import { isOn, type HighlightRule } from './rules'

/** Of a line that is told. */
const TOLD_CHARACTERS = 200

/** Call within a component. `marked`: the tab of the session is to be marked like by a bell. */
export function useHighlights(session: TerminalSession, name: () => string, marked: () => void): void {
  const settings = useSettings()
  const rules = computed(() => settings.current.highlights.filter((rule) => isOn(rule, session.hostId)))
  let highlights: Highlights | undefined

  function begin(): void {
    highlights?.dispose()
    highlights = undefined
    // Without rules nothing listens to a terminal.
    if (rules.value.length === 0) return
    const style = getComputedStyle(document.documentElement)
    const colour = (rule: HighlightRule) =>
      rule.colour === null ? undefined : style.getPropertyValue(`--tab-${rule.colour}`).trim()
    highlights = new Highlights(session.surface.terminal, rules.value, { found, colour })
  }

  function found(rule: HighlightRule, line: string): void {
    if (rule.mark) marked()
    if (!rule.notify) return
    const text = plainTitle(line).slice(0, TOLD_CHARACTERS)
    const title = t('many.highlights.found', { rule: rule.name, name: name() })
    const looked = document.visibilityState === 'visible' && document.hasFocus()
    if (looked) useNotices().toast(() => `${title}: ${text}`)
    else if (settings.current.notifications) void attempt(() => useBackend().call('notify', { title, body: text }))
  }

  watch(rules, begin, { immediate: true, deep: true })
  const stopTheme = onThemeChange(begin)
  onScopeDispose(() => {
    stopTheme()
    highlights?.dispose()
  })
}
