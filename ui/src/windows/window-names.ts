/** What a window is called where a person chooses one: its number, and what lies in it. */
import { hostName, useHosts } from '../hosts/hosts'
import { t } from '../i18n'
import { MAIN_WINDOW, type WindowView } from '../ipc'
import { targetName } from '../terminal/targets'

/** The rest is counted. */
const NAMED = 2

export function windowName({ id, number, tabs }: WindowView): string {
  const name = id === MAIN_WINDOW ? t('windows.main') : t('windows.numbered', { n: number })
  const hosts = useHosts()
  const names = tabs.slice(0, NAMED).map(({ host, name: given }) => {
    const saved = hosts.find(host)
    return given ?? targetName(host) ?? (saved ? hostName(saved) : '—')
  })
  if (names.length === 0) return name
  const said = names.join(', ')
  const rest = tabs.length - names.length
  return t('windows.with', { name, tabs: rest > 0 ? t('windows.more', { names: said, n: rest }) : said })
}
