/** Feeds the stores from the engine: first the events, then everything that was there before them. */
import { useCaptures } from './captures/captures'
import { useConnections } from './connections/connections'
import { useHosts } from './hosts/hosts'
import { useBackend, type EngineEvent, type Overview } from './ipc'
import { useConfigNotes } from './notices/config-notes'
import { useNotices } from './notices/notices'
import { usePrompts } from './prompts/prompts'
import { useShells } from './terminal/shells'
import { useTransfers } from './transfers/transfers'
import { useTimeline } from './timeline/timeline'

function show(overview: Overview): void {
  const hosts = useHosts()
  hosts.show(overview.hosts)
  hosts.importable = overview.importable
  hosts.platform = overview.platform
  hosts.localUser = overview.localUser
  useConnections().showAll(overview.connections)
  useCaptures().showAll(overview.captures, overview.playbacks)
  useTransfers().showAll(overview.transfers)
  useTimeline().showAll(overview.timeline)
  useShells().showAll(overview.shells)
  usePrompts().showAll(overview.prompts)
  useNotices().show(overview.storeNotices, overview.keyring)
}

function apply(event: EngineEvent): void {
  switch (event.type) {
    case 'hosts':
      useHosts().show(event.data)
      break
    case 'connection':
      useConnections().show(event.data)
      break
    case 'capture':
      useCaptures().showCapture(event.data)
      break
    case 'playback':
      useCaptures().showPlayback(event.data)
      break
    case 'transfer':
      useTransfers().show(event.data)
      break
    case 'timeline':
      useTimeline().add(event.data)
      break
    case 'prompt':
      usePrompts().add(event.data)
      break
    case 'prompt-gone':
      usePrompts().gone(event.data)
      break
    case 'config-notes':
      useConfigNotes().show(event.data)
      break
    case 'shell':
      useShells().show(event.data)
      break
    case 'terminal':
      // The workspace follows its terminals itself.
      break
  }
}

/** Subscribes and resolves once the stores are filled. Events that come before the overview are applied after it. */
export async function followEngine(): Promise<void> {
  const early: EngineEvent[] = []
  let ready = false
  await useBackend().onEvent((event) => {
    if (ready) apply(event)
    else early.push(event)
  })
  show(await useBackend().call('overview', {}))
  early.forEach(apply)
  ready = true
}
