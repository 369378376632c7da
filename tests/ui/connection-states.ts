/** Every state that a connection can be in, played by the fake engine for tests and pictures. */
import type { Page } from 'playwright-core'
import type { ConnectionState, ConnectionView, Problem } from '../../ui/src/ipc'

export function resetProblem(address = 'web-01.example.net'): Problem {
  return { code: 'connection-reset', action: 'retry', message: 'reset', params: { address } }
}

export const changedKey: Problem = {
  code: 'host-key-changed',
  action: 'ask',
  message: 'changed',
  params: { address: 'web-01.example.net' },
}

export const authRefused: Problem = {
  code: 'auth-refused',
  action: 'fix',
  message: 'refused',
  params: { user: 'deploy', address: 'web-01.example.net', tried: 'password', offered: 'publickey' },
}

type Change = ConnectionState | Partial<Omit<ConnectionView, 'state'>>

/** Shows a state and figures of a connection. */
export async function showConnection(
  page: Page,
  hostId: string,
  change: Change | (Change & Partial<ConnectionView>),
): Promise<void> {
  await page.evaluate(([id, view]) => window.bowline?.controls.connection(id, view as Partial<ConnectionView>), [
    hostId,
    change,
  ] as const)
}

/** Cuts the network under a host; its terminals wait and the next try comes after `retryInMs`. */
export async function lose(page: Page, hostId: string, problem: Problem, retryInMs: number): Promise<void> {
  await page.evaluate(([id, failure, ms]) => window.bowline?.controls.lose(id, failure, ms), [
    hostId,
    problem,
    retryInMs,
  ] as const)
}

export async function heal(page: Page, hostId: string): Promise<void> {
  await page.evaluate((id) => window.bowline?.controls.heal(id), hostId)
}

/** All states at once, one for each host of the sidebar. */
export async function showEveryState(page: Page): Promise<void> {
  await page.evaluate(() => {
    const now = Date.now()
    const reset = {
      code: 'connection-reset',
      action: 'retry',
      message: 'reset',
      params: { address: 'x.example.net' },
    } as const
    const show = window.bowline?.controls.connection
    show?.('web-01', { state: 'down', cause: 'reset', problem: reset, attempt: 3, retryAtMs: now + 20_000 } as never)
    show?.('web-02', { state: 'suspect', sinceMs: now - 6000 } as never)
    show?.('db-primary', { state: 'up', roundTripMs: 12.4, lanes: 1, terminals: 1 } as never)
    const changed = { code: 'host-key-changed', action: 'ask', message: 'changed', params: { address: 'changed' } } as const
    show?.('cache-01', { state: 'halted', cause: 'host-key', problem: changed } as never)
    show?.('build', { state: 'up', roundTripMs: 0.4, lanes: 1 } as never)
    show?.('arm', { state: 'tripped', cause: 'reset', problem: reset, attempt: 5, retryAtMs: now + 28_000 } as never)
    show?.('unknown', { state: 'dialing', attempt: 2 } as never)
    show?.('password', { state: 'down', cause: 'reset', problem: reset, attempt: 1, retryAtMs: null } as never)
    show?.('passphrase', { state: 'authenticating' } as never)
  })
}

/** A morning of a host, for the timeline. */
export async function fillTimeline(page: Page): Promise<void> {
  await page.evaluate(() => {
    const note = window.bowline?.controls.note
    const start = Date.now() - 3_600_000
    const at = (second: number) => start + second * 1000
    const reset = { code: 'connection-reset', action: 'retry', message: '', params: { address: 'web-01.example.net' } } as const
    const refused = {
      code: 'refused',
      action: 'retry',
      message: '',
      params: { address: 'web-01.example.net', port: '22' },
    } as const
    const changed = { code: 'host-key-changed', action: 'ask', message: '', params: { address: 'changed' } } as const
    note?.('web-01', { event: 'dialing', attempt: 1 }, at(0))
    note?.('web-01', { event: 'up', attempt: 1 }, at(0.4), 412)
    note?.('web-01', { event: 'suspect' }, at(612), 611_600)
    note?.('web-01', { event: 'heard' }, at(615), 3000)
    note?.('cache-01', { event: 'dialing', attempt: 1 }, at(700))
    note?.('cache-01', { event: 'halted', cause: 'host-key', problem: changed }, at(700.2), 190)
    note?.('web-01', { event: 'down', cause: 'reset', problem: reset, retryInMs: 640 }, at(1300), 685_000)
    note?.('web-01', { event: 'dialing', attempt: 2 }, at(1300.6), 640)
    note?.('web-01', { event: 'down', cause: 'refused', problem: refused, retryInMs: 3200 }, at(1300.7), 60)
    note?.(null, { event: 'network-changed' }, at(1302))
    note?.(null, { event: 'woke', sleptMs: 2_460_000 }, at(1303))
    note?.('web-01', { event: 'tripped', cause: 'refused', problem: refused, retryInMs: 30_000 }, at(1320), 60)
    note?.('web-01', { event: 'retry-asked' }, at(1330))
    note?.('web-01', { event: 'up', attempt: 6 }, at(1331), 980)
    note?.('web-01', { event: 'lane-opened', lanes: 2 }, at(1400))
    note?.('web-01', { event: 'lane-closed', lanes: 1 }, at(1460))
  })
}
