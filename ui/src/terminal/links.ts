/** Links in a terminal open with Mod+click, http(s) only; the shell checks the address again before it opens it. */
import { WebLinksAddon } from '@xterm/addon-web-links'
import type { ILinkHandler, Terminal } from '@xterm/xterm'
import type { Platform } from '../workspace/platform'

export interface LinkUse {
  open: (url: string) => void
  /** The pointer is on a link, or has left it (null). */
  hover: (url: string | null) => void
}

function isWeb(url: string): boolean {
  return /^https?:\/\//i.test(url)
}

export function openLinks(terminal: Terminal, platform: Platform, use: LinkUse): void {
  const activate = (event: MouseEvent, url: string) => {
    const held = platform === 'macos' ? event.metaKey : event.ctrlKey
    if (held && isWeb(url)) use.open(url)
  }
  const hover = (_: MouseEvent, url: string) => use.hover(isWeb(url) ? url : null)
  const leave = () => use.hover(null)
  terminal.loadAddon(new WebLinksAddon(activate, { hover, leave }))
  // Links that the server names itself (OSC 8): the shown text need not be the address, so the hint shows the address.
  const handler: ILinkHandler = { activate, hover, leave, allowNonHttpProtocols: false }
  terminal.options.linkHandler = handler
}
