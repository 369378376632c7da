/** Bowline's own colours as a scheme, for a preview beside the others. */
import { OWN_SCHEME, type Scheme } from '../terminal/schemes'

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

/** Read from the tokens of a theme, also while the window shows the other one. */
export function ownScheme(theme: 'dark' | 'light'): Scheme {
  const probe = document.createElement('span')
  probe.dataset['theme'] = theme
  document.body.append(probe)
  const style = getComputedStyle(probe)
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const scheme: Scheme = {
    id: OWN_SCHEME,
    name: 'Bowline',
    kind: theme,
    background: token('term'),
    foreground: token('ink'),
    cursor: token('accent'),
    selection: token('selection'),
    ansi: [...NAMES.map((name) => token(`ansi-${name}`)), ...NAMES.map((name) => token(`ansi-bright-${name}`))],
  }
  probe.remove()
  return scheme
}
