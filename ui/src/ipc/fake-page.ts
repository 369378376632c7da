/**
 * The fake engine for a page in a browser. `?hosts=none|few|many` says what is saved, `?keyring=locked` locks the keyring, with `?keyring=asks`
 * it waits for the person, `?notice=damaged|newer|read-only` shows a notice of the store, `?linked=some` has hosts of ssh_config, `?busy=500` is an engine that takes so many milliseconds as it starts. Preferences stay in the browser's storage, as a reload
 * must find them. `?last=some` has something that was open last. `?window=window-2` is a window that a tab
 * was torn off into. Tests reach it as `window.bowline`.
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
  if (kind === 'edits-left')
    return [{ kind, folder: '/home/ada/.local/share/bowline/edits', count: 2, paths: ['/etc/hosts', '/srv/www/a.html'] }]
  if (kind !== 'read-only') return []
  const path = '/home/ada/.local/share/bowline/hosts.db'
  return [{ kind, path, problem: problem('store-read-only', { path }) }]
}

const LAST: Workspace = {
  version: 1,
  savedAtMs: Date.UTC(2026, 10, 21, 15, 4),
  layout: {},
  windows: [],
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
  const [hosts, own] = [query.get('hosts'), query.get('window')]
  const locked: KeyringState = {
    state: 'unusable',
    problem: problem('keyring-locked', { cause: 'the collection is locked' }, 'ask'),
  }
  const fake = createFake({
    hosts: hosts === 'few' || hosts === 'many' ? hosts : 'none',
    keyring: query.get('keyring') === 'locked' ? locked : { state: 'ready' },
    keyringAsks: query.get('keyring') === 'asks',
    storeNotices: storeNotice(query.get('notice')),
    importable: query.get('import') !== 'none',
    linked: query.get('linked') === 'some',
    busyMs: Number(query.get('busy') ?? 0),
    ...(query.get('last') === 'some' ? { last: LAST } : {}),
    ...(own === null ? {} : { window: { id: own, host: 'web-01' } }),
    preferences: {
      load: () => JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Record<string, unknown>,
      save: (preferences) => localStorage.setItem(STORAGE_KEY, JSON.stringify(preferences)),
    },
  })
  // As another window of the app would: the browser tells of what other pages have stored.
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === STORAGE_KEY && newValue !== null) fake.controls.savedElsewhere(JSON.parse(newValue) as Record<string, unknown>)
  })
  window.bowline = fake
  return fake
}
