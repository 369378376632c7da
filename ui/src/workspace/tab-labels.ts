/** What each tab is called, so that no two look the same. */

export interface Named {
  id: string
  /** The host's name. */
  host: string
  /** A name that a person gave. */
  given: string | undefined
  /** What the program calls itself; can be empty. */
  title: string
}

export interface TabLabel {
  name: string
  /** The small grey text behind the name: the title, or a number where nothing else tells two tabs apart. */
  detail: string
}

/** `ada@web-01: /srv/www` is the host's name said twice: only what it adds is shown. */
export function shortTitle(title: string, host: string): string {
  const [, place] = /^[^\s@:]+@[^\s:]+:\s*(.+)$/.exec(title) ?? []
  const short = place ?? title
  return short === host ? '' : short
}

export function tabLabels(tabs: readonly Named[]): Map<string, TabLabel> {
  const labels = new Map<string, TabLabel>()
  const seen = new Map<string, number>()
  const plain = tabs.map((tab) => ({ id: tab.id, name: tab.given ?? tab.host, detail: shortTitle(tab.title, tab.host) }))
  const twins = new Map<string, number>()
  for (const { name, detail } of plain) twins.set(`${name}\0${detail}`, (twins.get(`${name}\0${detail}`) ?? 0) + 1)
  for (const { id, name, detail } of plain) {
    const key = `${name}\0${detail}`
    const number = (seen.get(key) ?? 0) + 1
    seen.set(key, number)
    const alone = twins.get(key) === 1 || number === 1
    labels.set(id, { name, detail: alone ? detail : [detail, String(number)].filter(Boolean).join(' ') })
  }
  return labels
}
