/**
 * Text from a server that the window itself draws, in a tab or a hint, where characters that turn the direction of writing or
 * cannot be seen would make it look like something else (Unicode TR 36, "Bidirectional text spoofing").
 */

/** Controls (C0, C1), marks of direction, separators, what has no width. */
const HIDDEN = /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/gu

/** A title is one line of text. */
export function plainTitle(title: string): string {
  return title.replace(HIDDEN, ' ').trim()
}

/** In an address each of them is shown, as the address leads elsewhere than the same one without it. */
export function plainAddress(url: string): string {
  return url.replace(HIDDEN, '\uFFFD')
}
