/** Hosts that may or may not set the clipboard, as they are kept with the settings. */

/** More decisions than anyone has hosts; the oldest is forgotten, and asked about again. */
export const CLIPBOARD_HOSTS_MAX = 200

export type ClipboardHosts = Record<string, 'always' | 'never'>

export function readClipboardHosts(stored: unknown): ClipboardHosts {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return {}
  const sound = Object.entries(stored).filter(
    (entry): entry is [string, 'always' | 'never'] => entry[1] === 'always' || entry[1] === 'never',
  )
  return Object.fromEntries(sound.slice(-CLIPBOARD_HOSTS_MAX))
}

export function withDecision(hosts: ClipboardHosts, host: string, rule: 'always' | 'never'): ClipboardHosts {
  const others = Object.entries(hosts).filter(([id]) => id !== host)
  return Object.fromEntries([...others, [host, rule] as const].slice(-CLIPBOARD_HOSTS_MAX))
}
