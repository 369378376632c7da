/** The one place where figures become words: durations, moments, bytes and rates in the person's language. */
import { i18n, t } from '.'

const SECOND_MS = 1000
const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S

/** Something that was heard a moment ago was heard now: counting that would only flicker. */
const NOW_MS = 1500

function whole(value: number): string {
  return i18n.global.n(value)
}

/** `7 s`, `2 min 10 s`, `3 h 4 min`, `2 d 5 h`: the two coarsest units that say it. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS))
  if (seconds < MINUTE_S) return t('format.seconds', { n: whole(seconds) })
  const [m, s] = [Math.floor(seconds / MINUTE_S), seconds % MINUTE_S]
  if (seconds < HOUR_S) {
    return s === 0 ? t('format.minutes', { n: whole(m) }) : t('format.minutesSeconds', { m: whole(m), s: whole(s) })
  }
  const [h, rest] = [Math.floor(seconds / HOUR_S), Math.floor((seconds % HOUR_S) / MINUTE_S)]
  if (seconds < DAY_S) {
    return rest === 0 ? t('format.hours', { n: whole(h) }) : t('format.hoursMinutes', { h: whole(h), m: whole(rest) })
  }
  return t('format.daysHours', { d: whole(Math.floor(seconds / DAY_S)), h: whole(Math.floor((seconds % DAY_S) / HOUR_S)) })
}

/** A span that may be far below a second: `12 ms`, then as `duration`. */
export function span(ms: number): string {
  return ms < SECOND_MS ? milliseconds(ms) : duration(ms)
}

/** A round trip. Below a millisecond it says just that. */
export function milliseconds(ms: number): string {
  return ms < 1 ? t('format.belowOneMs') : t('format.ms', { n: whole(Math.round(ms)) })
}

/** Whole seconds until a moment, never below 0: what a countdown shows. Both in milliseconds since the Unix epoch. */
export function secondsUntil(atMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((atMs - nowMs) / SECOND_MS))
}

/** What is left until a moment: `4 s`. */
export function until(atMs: number, nowMs: number): string {
  return duration(secondsUntil(atMs, nowMs) * SECOND_MS)
}

/** How long ago a moment was: `now`, `41 s ago`. */
export function ago(atMs: number, nowMs: number): string {
  const ms = Math.max(0, nowMs - atMs)
  return ms < NOW_MS ? t('format.now') : t('format.ago', { time: duration(Math.floor(ms / SECOND_MS) * SECOND_MS) })
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Powers of 1000, three figures at most: `512 B`, `1.2 MB`. */
export function bytes(count: number): string {
  let value = Math.max(0, count)
  let unit = 0
  // What would be rounded up to 1000 is one of the next unit.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0
  const shown = new Intl.NumberFormat(i18n.global.locale.value, { maximumFractionDigits: digits, minimumFractionDigits: digits })
  return `${shown.format(value)} ${BYTE_UNITS[unit] ?? ''}`
}

export function rate(bytesPerSecond: number): string {
  return t('format.perSecond', { bytes: bytes(bytesPerSecond) })
}

/** The time of day with seconds, always in 24 hours: columns of it line up. */
export function clockTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB', { hour12: false })
}

/** Day and time, for a tooltip. */
export function dayAndTime(atMs: number): string {
  return new Date(atMs).toLocaleString(i18n.global.locale.value, { dateStyle: 'medium', timeStyle: 'medium' })
}

/** What stands between two sentences: nothing in Chinese, whose full stop brings its own space. */
export function sentenceGap(): string {
  return i18n.global.locale.value === 'zh-CN' ? '' : ' '
}

export function sentences(...parts: string[]): string {
  return parts.filter(Boolean).join(sentenceGap())
}
