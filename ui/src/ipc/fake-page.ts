/**
 * The fake engine for a page in a browser. `?hosts=none|few|many` says what is saved, `?keyring=locked` locks the keyring,
 * `?notice=damaged|newer|read-only` shows a notice of the store, `?linked=some` has hosts of ssh_config. Preferences stay in the browser's storage, as a reload
 * must find them. `?last=some` has something that was open last. Tests reach it as `window.bowline`.
 */
import type { Backend } from './backend'
import { createFake, type Fake } from './fake'
import { problem } from './fake-problem'
import type { KeyringState, StoreNotice, Workspace } from './generated'

declare global {
  interface Window {
    bowline?: Fake
  }
}

const STORAGE_KEY = 'bowline-preferences'

function storeNotice(kind: string | null): StoreNotice[] {
  const keptAs = '/home/ada/.local/share/bowline/hosts.damaged-1.db'
  if (kind === 'damaged') return [{ kind, keptAs, restoredFrom: 'hosts.copy-2.db' }]
  if (kind === 'newer') return [{ kind, keptAs, version: 9 }]
  if (kind !== 'read-only') return []
  const path = '/home/ada/.local/share/bowline/hosts.db'
  return [{ kind, path, problem: problem('store-read-only', { path }) }]
}

const LAST: Workspace = {
  version: 1,
  savedAtMs: Date.UTC(2026, 10, 21, 15, 4),
  layout: {},
  tabs: ['web-01', 'web-01', 'db-primary', 'build', 'web-02'].map((host, n) => ({
    id: `tab-last-${n}`,
    host,
    name: n === 1 ? 'logs' : null,
    terminal: null,
    kept: n === 2 ? null : n === 3 ? 'damaged' : `${n}`,
    facts: {},
  })),
}

export function fakeOfPage(): Backend {
  const query = new URLSearchParams(location.search)
  const hosts = query.get('hosts')
  const locked: KeyringState = {
    state: 'unusable',
    problem: problem('keyring-locked', { cause: 'the collection is locked' }, 'ask'),
  }
  const fake = createFake({
    hosts: hosts === 'few' || hosts === 'many' ? hosts : 'none',
    keyring: query.get('keyring') === 'locked' ? locked : { state: 'ready' },
    storeNotices: storeNotice(query.get('notice')),
    importable: query.get('import') !== 'none',
    linked: query.get('linked') === 'some',
    ...(query.get('last') === 'some' ? { last: LAST } : {}),
    preferences: {
      load: () => JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Record<string, unknown>,
      save: (preferences) => localStorage.setItem(STORAGE_KEY, JSON.stringify(preferences)),
    },
  })
  window.bowline = fake
  return fake
}
