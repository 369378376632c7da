/**
 * Which keys and which clipboard a person expects. Known before the engine answers, from the web view itself; the engine's
 * own word (`Overview.platform`) says the same.
 */
export type Platform = 'linux' | 'macos' | 'windows'

export function platformOf(name: string): Platform {
  if (/mac|iphone|ipad/i.test(name)) return 'macos'
  return /win/i.test(name) ? 'windows' : 'linux'
}

export const platform: Platform = platformOf(navigator.platform)
