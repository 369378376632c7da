/** Names by which hosts can be told apart: two may be called the same. */
import type { Host, HostId } from '../ipc'
import { hostName } from './hosts'

type Named = Pick<Host, 'id' | 'label' | 'address' | 'builtin' | 'user' | 'port' | 'group'>

/** Each way to call a host, shortest first; the last one is its own. */
const WAYS: readonly ((host: Named) => string)[] = [
  hostName,
  (host) => `${hostName(host)} · ${whereOf(host)}`,
  (host) => `${hostName(host)} · ${whereOf(host)} · ${host.group}`,
  (host) => `${hostName(host)} · ${whereOf(host)} · ${host.id}`,
]

function whereOf({ user, address, port }: Named): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `${user === '' ? '' : `${user}@`}${host}${port === 22 ? '' : `:${port}`}`
}

/** The shortest name of each that no other has, in the order in which they are given. Case tells nobody apart. */
export function namesApart(hosts: readonly Named[]): ReadonlyMap<HostId, string> {
  const names = new Map<HostId, string>(hosts.map(({ id }) => [id, '']))
  let left = hosts
  for (const way of WAYS) {
    const called = new Map<string, number>()
    for (const host of left) {
      const name = way(host).toLowerCase()
      called.set(name, (called.get(name) ?? 0) + 1)
    }
    for (const host of left) if (called.get(way(host).toLowerCase()) === 1) names.set(host.id, way(host))
    left = left.filter(({ id }) => names.get(id) === '')
  }
  return names
}
