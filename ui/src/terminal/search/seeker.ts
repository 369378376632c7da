/** What a search looks for in one line. */
import { Matcher, type Found } from '../../regex/matcher'

export interface SearchQuery {
  text: string
  caseSensitive: boolean
  regex: boolean
  wholeWord: boolean
}

export type Seeker = (line: string, limit: number) => Found

const WORD = /[\p{L}\p{N}_]/u

/** @throws PatternError */
export function makeSeeker({ text, caseSensitive, regex, wholeWord }: SearchQuery): Seeker {
  const seek = regex ? ofPattern(text, caseSensitive) : ofText(text, caseSensitive)
  if (!wholeWord) return seek
  return (line, limit) => {
    const found = seek(line, limit)
    return { ...found, matches: found.matches.filter(({ start, end }) => isApart(line, start - 1) && isApart(line, end)) }
  }
}

function ofPattern(pattern: string, caseSensitive: boolean): Seeker {
  const matcher = new Matcher(pattern, caseSensitive)
  return (line, limit) => matcher.findAll(line, limit)
}

/** A text has nothing to repeat or to choose from: JavaScript's own engine cannot go astray. */
function ofText(text: string, caseSensitive: boolean): Seeker {
  const escaped = text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const pattern = new RegExp(escaped, caseSensitive ? 'g' : 'gi')
  return (line, limit) => {
    const matches = []
    for (const { index, 0: whole } of line.matchAll(pattern)) {
      if (matches.length === limit) return { matches, cut: true }
      matches.push({ start: index, end: index + whole.length })
    }
    return { matches, cut: false }
  }
}

function isApart(line: string, at: number): boolean {
  const letter = line[at]
  return letter === undefined || !WORD.test(letter)
}
