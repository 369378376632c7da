/** How long ago something was, in the coarsest unit that still says it. */
export type Ago = { key: 'now' | 'secondsAgo' | 'minutesAgo' | 'hoursAgo'; count: number }

/** A server that is fine is heard every few seconds; counting those would only flicker. */
const NOW_SECONDS = 2

export function ago(ms: number): Ago {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < NOW_SECONDS) return { key: 'now', count: seconds }
  if (seconds < 60) return { key: 'secondsAgo', count: seconds }
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? { key: 'minutesAgo', count: minutes } : { key: 'hoursAgo', count: Math.floor(minutes / 60) }
}
