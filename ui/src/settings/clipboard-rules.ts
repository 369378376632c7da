/** What the settings say about programs of a host that want to set the clipboard. */
import type { HostId } from '../ipc'
import type { ClipboardRule } from '../terminal/clipboard-writes'
import { withDecision } from './clipboard-hosts'
import { useSettings } from './settings'

export function clipboardRule(host: HostId): ClipboardRule {
  const { clipboardWrites, clipboardHosts } = useSettings().current
  return clipboardWrites === 'never' ? 'never' : (clipboardHosts[host] ?? 'ask')
}

export function rememberClipboardRule(host: HostId, rule: 'always' | 'never'): void {
  const { current } = useSettings()
  current.clipboardHosts = withDecision(current.clipboardHosts, host, rule)
}
