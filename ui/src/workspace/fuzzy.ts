/**
 * Whether the characters of what is typed occur in a text, in order, and how well: beginnings of words and runs count more. Characters
 * of Chinese are words of their own.
 */

export interface Match {
  score: number
  /** Positions of the matched characters. */
  positions: number[]
}

const RUN = 8
const WORD_START = 10
const SINGLE = 1

function startsWord(text: string, at: number): boolean {
  if (at === 0) return true
  const before = text.charAt(at - 1)
  return /[\s\-_./:@()~]/.test(before) || /[\u3400-\u9fff]/.test(text.charAt(at))
}

/** Undefined when it does not match. An empty query matches everything with 0. */
export function fuzzyMatch(query: string, text: string): Match | undefined {
  const wanted = query.toLocaleLowerCase().replace(/\s+/g, '')
  const lower = text.toLocaleLowerCase()
  let best: Match | undefined
  for (let start = lower.indexOf(wanted.charAt(0)); start >= 0; start = lower.indexOf(wanted.charAt(0), start + 1)) {
    const match = matchFrom(wanted, lower, start)
    if (!match) break
    if (!best || match.score > best.score) best = match
    if (wanted === '') break
  }
  return best
}

function matchFrom(wanted: string, text: string, start: number): Match | undefined {
  const positions: number[] = []
  let score = 0
  let at = start
  for (const character of wanted) {
    const found = text.indexOf(character, at)
    if (found < 0) return undefined
    score += SINGLE
    if (startsWord(text, found)) score += WORD_START
    if (positions.length > 0 && found === at) score += RUN
    positions.push(found)
    at = found + 1
  }
  // Of two equal matches the shorter text is meant.
  return { score: score - text.length / 100, positions }
}
