/**
 * Rules that call a person. The engine looks for them in every terminal, shown or not; here is what is done about a find: in the
 * window that has the terminal, and nowhere else.
 */
import { watch } from 'vue'
import { t } from '../i18n'
import { useBackend, type Found, type Stop, type TerminalId, type TriggerRule } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { useSettings } from '../settings/settings'
import { plainTitle } from '../terminal/hidden-characters'
import type { HighlightRule } from './rules'

/** What the engine looks for: a rule that only colours is the window's own business. */
export function triggersOf(rules: readonly HighlightRule[]): TriggerRule[] {
  return rules
    .filter(({ mark, notify }) => mark || notify)
    .map(({ id, pattern, caseSensitive, on, hosts }) => ({ id, pattern, caseSensitive, on, hosts: { ...hosts } }))
}

interface TriggerEvents {
  /** The name of a terminal that this window has. */
  nameOf: (id: TerminalId) => string | undefined
  /** A terminal is to be marked as by a bell. */
  mark: (id: TerminalId) => void
}

/** Call once at the start. */
export async function followTriggers(events: TriggerEvents): Promise<Stop> {
  const settings = useSettings()
  const unwatch = watch(
    () => JSON.stringify(triggersOf(settings.current.highlights)),
    (rules) =>
      void useBackend()
        .call('trigger_rules', { rules: JSON.parse(rules) as TriggerRule[] })
        .catch(() => {}),
    { immediate: true },
  )
  const stop = await useBackend().onEvent((event) => {
    if (event.type === 'found') tell(event.data, events)
  })
  return () => {
    unwatch()
    stop()
  }
}

function tell({ id, ruleId, line }: Found, events: TriggerEvents): void {
  const settings = useSettings()
  const rule = settings.current.highlights.find((one) => one.id === ruleId)
  const name = events.nameOf(id)
  if (rule === undefined || name === undefined) return
  if (rule.mark) events.mark(id)
  if (!rule.notify) return
  const text = plainTitle(line)
  const title = t('many.highlights.found', { rule: rule.name, name })
  const looked = document.visibilityState === 'visible' && document.hasFocus()
  if (looked) useNotices().toast(() => `${title}: ${text}`)
  else if (settings.current.notifications) void attempt(() => useBackend().call('notify', { title, body: text }))
}
