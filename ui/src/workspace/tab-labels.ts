/** What each tab is called, so that no two look the same. */

export interface Named {
  id: string
  /** The host's name. */
  host: string
  /** A name that a person gave. */
  given: string | undefined
  /** What the program calls itself; can be empty. */
  title: string
  /** The shell's directory, if it says it. */
  directory: string | null
}

export interface TabLabel {
  name: string
  /** The small grey text behind the name: the title, or a number where nothing else tells two tabs apart. */
  detail: string
  /** The whole of what may be shortened there. */
  whole: string
}

/** `ada@web-01: /srv/www` is the host's name said twice: only what it adds is shown. */
export function shortTitle(title: string, host: string): string {
  const [, place] = /^[^\s@:]+@[^\s:]+:\s*(.+)$/.exec(title) ?? []
  const short = place ?? title
  return short === host ? '' : short
}

/** A directory in a tab: its end says most. */
const DIRECTORY_CHARACTERS = 24

/** `/srv/www/releases/42` becomes `…/releases/42`. */
export function shortDirectory(path: string): string {
  const parts = path.split('/').filter(Boolean)
  const whole = `/${parts.join('/')}`
  if (whole.length <= DIRECTORY_CHARACTERS && parts.length <= 2) return whole
  const [last = '', before = ''] = parts.slice(-2).reverse()
  return `${before}/${last}`.length <= DIRECTORY_CHARACTERS ? `…/${before}/${last}` : `…/${last}`
}

/** A title that only says where the shell is, as the shells of many systems set it: `ada@web-01: ~/src`. */
function isPlace(title: string): boolean {
  return title === '' || /^[^\s@:]+@[^\s:]+:/.test(title) || /^[~/]\S*$/.test(title)
}

function detailOf({ title, host, directory }: Named): string {
  return directory !== null && isPlace(title) ? shortDirectory(directory) : shortTitle(title, host)
}

export function tabLabels(tabs: readonly Named[]): Map<string, TabLabel> {
  const labels = new Map<string, TabLabel>()
  const seen = new Map<string, number>()
  const plain = tabs.map((tab) => ({ id: tab.id, name: tab.given ?? tab.host, detail: detailOf(tab), directory: tab.directory }))
  const twins = new Map<string, number>()
  for (const { name, detail } of plain) twins.set(`${name}\0${detail}`, (twins.get(`${name}\0${detail}`) ?? 0) + 1)
  for (const { id, name, detail, directory } of plain) {
    const key = `${name}\0${detail}`
    const number = (seen.get(key) ?? 0) + 1
    seen.set(key, number)
    const alone = twins.get(key) === 1 || number === 1
    const told = alone ? detail : [detail, String(number)].filter(Boolean).join(' ')
    const whole = directory === null || detail === directory ? [told] : detail.startsWith('…') ? [directory] : [told, directory]
    labels.set(id, { name, detail: told, whole: whole.filter(Boolean).join(' — ') })
  }
  return labels
}
