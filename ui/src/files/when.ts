/** When a file was changed, as short as it can be said: `09:02`, `yesterday`, `3 Nov`, `3 Nov 2024`. */
import { i18n, t } from '../i18n'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const language = i18n.global.locale.value === 'zh-CN' ? 'zh-CN' : 'en-GB'
  const key = `${language} ${kind}`
  const found = formats.get(key) ?? new Intl.DateTimeFormat(language, options)
  formats.set(key, found)
  return found
}

export function when(seconds: number, now: number): string {
  const at = new Date(seconds * 1000)
  const today = new Date(now)
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime()
  const time = at.getTime()
  if (time >= midnight && time <= now) {
    return format('time', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at)
  }
  if (time < midnight && time >= midnight - 86_400_000) return t('files.yesterday')
  if (at.getFullYear() === today.getFullYear()) return format('day', { day: 'numeric', month: 'short' }).format(at)
  return format('year', { day: 'numeric', month: 'short', year: 'numeric' }).format(at)
}
