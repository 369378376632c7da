/** What is said of a tunnel: its ends, its state, and where a browser or a clipboard may take it. */
import type { DotShape } from '../connections/state-words'
import { t } from '../i18n'
import type { TunnelDraft, TunnelView } from '../ipc'

/** Ports behind which a page is likely: those that IANA or the usual servers have for HTTP. */
const HTTP_PORTS = new Set([80, 591, 4000, 4200, 5000, 5173, 5601, 7474, 9000, 9090, 9200, 15672, 19999])
const HTTPS_PORTS = new Set([443, 4443, 8443, 9443, 10443])

function portOf(end: string): number | null {
  const port = /(?:^|[:\]])(\d{1,5})$/.exec(end)?.[1]
  return port === undefined ? null : Number(port)
}

/** `8080 → db:5432`, `1080 → SOCKS`. */
export function endsOf({ kind, listen, target }: TunnelDraft): string {
  const to = kind === 'dynamic' || target === '' ? t('tunnels.socks') : target
  return `${listen} → ${to}`
}

export function nameOf(tunnel: TunnelDraft): string {
  return tunnel.name === '' ? endsOf(tunnel) : tunnel.name
}

export function dotOf({ state }: TunnelView): DotShape {
  switch (state) {
    case 'stopped':
      return 'idle'
    case 'starting':
    case 'waiting':
      return 'retry'
    case 'up':
      return 'up'
    case 'failed':
      return 'down'
  }
}

/** Where it listens, for a program of this computer or of the host: the first address is enough for both families. */
export function addressOf({ bound }: TunnelView): string | null {
  const [first] = bound
  if (first === undefined) return null
  return first.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
}

/** The page behind a tunnel, if there is likely one: at the address that is bound, which is this computer's. */
export function pageOf(tunnel: TunnelView): string | null {
  const address = addressOf(tunnel)
  const target = portOf(tunnel.target)
  if (tunnel.kind !== 'local' || tunnel.state !== 'up' || address === null || address.includes('/') || target === null)
    return null
  if (HTTPS_PORTS.has(target)) return `https://${address}/`
  const likely = HTTP_PORTS.has(target) || (target >= 3000 && target < 3100) || (target >= 8000 && target < 9000)
  return likely ? `http://${address}/` : null
}
