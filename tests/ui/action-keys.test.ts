// @vitest-environment happy-dom
/** Every key of every action, on each platform: one that two actions share would run one of them and never the other. */
import { createPinia, setActivePinia } from 'pinia'
import { effectScope } from 'vue'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { registerConnectionActions } from '../../ui/src/connections/connection-actions'
import { registerDropActions } from '../../ui/src/drop/drop-actions'
import { registerFilesActions } from '../../ui/src/files/files-actions'
import { registerJobActions } from '../../ui/src/jobs/job-actions'
import { registerSyncActions } from '../../ui/src/sync/sync-actions'
import { provideBackend } from '../../ui/src/ipc'
import { createFake } from '../../ui/src/ipc/fake'
import { registerPanesActions } from '../../ui/src/panes/panes-actions'
import { registerPipeActions } from '../../ui/src/pipes/pipe-actions'
import { registerRunActions } from '../../ui/src/runs/run-actions'
import { registerWindowActions } from '../../ui/src/window-actions'
import { actions } from '../../ui/src/workspace/actions'
import { chordsOf, keyCaps } from '../../ui/src/workspace/keys'
import type { Platform } from '../../ui/src/workspace/platform'
import { registerWorkspaceActions } from '../../ui/src/workspace/workspace-actions'

// Nothing is drawn here, and xterm.js never finishes loading without a real browser.
vi.mock('../../ui/src/terminal/surface', () => ({ Surface: class {} }))

/** The key that begins it ends it; and what a key begins is that of the tab in front. */
const ON_PURPOSE = [
  ['broadcast.choose', 'broadcast.stop'],
  ['run.start', 'pipes.run'],
  ['run.start', 'terminal.reopen'],
]

const scope = effectScope()
beforeAll(() => {
  provideBackend(createFake())
  setActivePinia(createPinia())
  scope.run(() => {
    registerWindowActions({ findHost: () => {} })
    registerConnectionActions()
    registerJobActions()
    registerDropActions()
    registerPanesActions()
    registerFilesActions()
    registerSyncActions()
    registerPipeActions()
    registerRunActions()
    registerWorkspaceActions()
  })
})
afterAll(() => scope.stop())

describe.each<Platform>(['linux', 'macos', 'windows'])('on %s', (platform) => {
  it('no two actions share a key', () => {
    const owners = new Map<string, string[]>()
    for (const { id, keys } of actions.value)
      for (const chord of chordsOf(keys, platform)) {
        const said = keyCaps(chord, platform).join('+')
        owners.set(said, [...(owners.get(said) ?? []), id])
      }
    expect(owners.size).toBeGreaterThan(60)
    const shared = [...owners].filter(([, ids]) => ids.length > 1)
    expect(shared.filter(([, ids]) => !ON_PURPOSE.some((pair) => pair.every((id) => ids.includes(id))))).toEqual([])
  })
})
