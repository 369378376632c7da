/**
 * `=>`, `!=` and the like as one sign. `@xterm/addon-ligatures` reads the font's file to learn which there are, which a web view
 * cannot; so the usual ones are joined, and the font decides whether it has a sign for them.
 */
import type { Terminal } from '@xterm/xterm'

/** As programmers' fonts have them (Fira Code, JetBrains Mono). */
const SIGNS =
  '<!-- <==> <--> <=> <-> <-- --> <== ==> <~> <~~ ~~> <|> <$> <*> <+> === !== =!= =/= >>= <<= >>> <<< ||= &&& ... ..< ' +
  '::: /// *** ### -> <- => <= >= == != :: := =: ?? ?. .. && || |> <| >> << ++ -- // /* */ ~> <~ ~= =~ ** ## </ /> <> ;; !! www'

/** Of those that begin alike the longest comes first. */
const JOINED = new RegExp(
  SIGNS.split(' ')
    .map((sign) => sign.replace(/[$*+.?|]/g, '\\$&'))
    .join('|'),
  'g',
)

/** Longer lines are no programs, and the search through them would be felt. */
const LINE_CHARACTERS = 2000

/** Where a line has what a font may join: start and end of each. */
export function joinedRanges(line: string): [number, number][] {
  if (line.length > LINE_CHARACTERS) return []
  return [...line.matchAll(JOINED)].map((match) => [match.index, match.index + match[0].length])
}

/** Joins them until the returned function is called. The element gets a class for its style sheet. */
export function joinLigatures(terminal: Terminal, element: HTMLElement): () => void {
  const joiner = terminal.registerCharacterJoiner(joinedRanges)
  element.classList.add('ligatures')
  return () => {
    terminal.deregisterCharacterJoiner(joiner)
    element.classList.remove('ligatures')
  }
}
