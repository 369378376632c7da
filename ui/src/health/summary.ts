/** The connections of a host taken together, and as text. Pure. */
import { t } from '../i18n'
import { ago, bytes, duration, milliseconds, rate } from '../i18n/format'
import type { LaneHealth } from '../ipc'

export interface HealthSummary {
  lastHeardMs: number | null
  receivedPerSecond: number
  sentPerSecond: number
  receivedBytes: number
  sentBytes: number
  /** None where the system does not say. */
  retransmits: number | null
}

export function summarise(lanes: readonly LaneHealth[]): HealthSummary {
  const sum = (of: (lane: LaneHealth) => number) => lanes.reduce((total, lane) => total + of(lane), 0)
  const known = lanes.filter((lane) => lane.retransmits !== null)
  return {
    lastHeardMs: lanes.length === 0 ? null : Math.max(...lanes.map((lane) => lane.lastHeardMs)),
    receivedPerSecond: sum((lane) => lane.receivedPerSecond),
    sentPerSecond: sum((lane) => lane.sentPerSecond),
    receivedBytes: sum((lane) => lane.receivedBytes),
    sentBytes: sum((lane) => lane.sentBytes),
    retransmits: known.length === 0 ? null : sum((lane) => lane.retransmits ?? 0),
  }
}

export interface Fact {
  name: string
  value: string
}

/** What was agreed with the server on one connection. */
export function laneFacts(lane: LaneHealth, now: number): Fact[] {
  const or = (value: string | null) => value ?? t('health.unknown')
  return [
    { name: t('health.server'), value: or(lane.server) },
    { name: t('health.address'), value: or(lane.address) },
    { name: t('health.keyExchange'), value: or(lane.keyExchange) },
    { name: t('health.hostKey'), value: or(lane.hostKey) },
    { name: t('health.cipher'), value: or(lane.cipher) },
    { name: t('health.mac'), value: lane.mac ?? t('health.macInCipher') },
    { name: t('health.keyed'), value: ago(lane.keyedMs, now) },
  ]
}

export function lastRoundTrip(lane: LaneHealth | undefined): number | null {
  return lane?.roundTrips.at(-1)?.ms ?? null
}

/** For a message to whoever runs the server. */
export function healthText(host: string, state: string, lanes: readonly LaneHealth[], now: number): string {
  const all = summarise(lanes)
  const line = (name: string, value: string) => t('health.line', { name, value })
  const head = [line(host, state)]
  if (all.lastHeardMs !== null) {
    head.push(
      line(t('health.lastHeard'), ago(all.lastHeardMs, now)),
      line(t('health.received'), `${bytes(all.receivedBytes)} (${rate(all.receivedPerSecond)})`),
      line(t('health.sent'), `${bytes(all.sentBytes)} (${rate(all.sentPerSecond)})`),
      line(t('health.retransmits'), all.retransmits === null ? t('health.unknown') : String(all.retransmits)),
    )
  }
  const each = lanes.map((lane, index) => {
    const trip = lastRoundTrip(lane)
    return [
      t('health.lane', { n: index + 1 }),
      line(t('health.roundTrip'), trip === null ? t('health.noRoundTrip') : milliseconds(trip)),
      line(t('health.p95'), lane.roundTripP95Ms === null ? t('health.noRoundTrip') : milliseconds(lane.roundTripP95Ms)),
      t('health.sessions', { n: lane.sessions, max: lane.sessionsMax }),
      t('health.up', { time: duration(now - lane.upSinceMs) }),
      ...laneFacts(lane, now).map(({ name, value }) => line(name, value)),
    ].join('\n')
  })
  return [head.join('\n'), ...each].join('\n\n')
}
