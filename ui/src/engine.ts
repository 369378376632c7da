/** Feeds the stores from the engine: first the events, then everything that was there before them. */
import { useExternals } from './edit/externals'
import { useCaptures } from './captures/captures'
import { useConnections } from './connections/connections'
import { useHosts } from './hosts/hosts'
import { useBackend, type EngineEvent, type Overview } from './ipc'
import { useJobs } from './jobs/jobs'
import { useConfigNotes } from './notices/config-notes'
import { useLinks } from './links/links'
import { useNotices } from './notices/notices'
import { usePipes } from './pipes/pipes'
import { usePrompts } from './prompts/prompts'
import { useRuns } from './runs/runs'
import { useShells } from './terminal/shells'
import { useTransfers } from './transfers/transfers'
import { useTimeline } from './timeline/timeline'
import { useTunnels } from './tunnels/tunnels'
import { useWindows } from './windows/windows'

function show(overview: Overview): void {
  const hosts = useHosts()
  hosts.show(overview.hosts)
  hosts.importable = overview.importable
  hosts.platform = overview.platform
  hosts.localUser = overview.localUser
  useConnections().showAll(overview.connections)
  useCaptures().showAll(overview.captures, overview.playbacks)
  useTransfers().showAll(overview.transfers)
  useJobs().show(overview.jobs)
  useExternals().show(overview.externalEdits)
  useTunnels().show(overview.tunnels)
  useLinks().show(overview.links)
  usePipes().show(overview.pipes)
  useRuns().showAll(overview.runs)
  useTimeline().showAll(overview.timeline)
  useShells().showAll(overview.shells)
  useWindows().show(overview.windows)
  usePrompts().showAll(overview.prompts)
  useNotices().show(overview.storeNotices, overview.keyring)
  // The main window has said them already.
  if (!useWindows().isMain) useNotices().dismissAll()
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
    case 'jobs':
      useJobs().show(event.data)
      break
    case 'external-edits':
      useExternals().show(event.data)
      break
    case 'tunnels':
      useTunnels().show(event.data)
      break
    case 'links':
      useLinks().show(event.data)
      break
    case 'pipes':
      usePipes().show(event.data)
      break
    case 'runs':
      useRuns().showAll(event.data)
      break
    case 'run':
      useRuns().show(event.data)
      break
    case 'timeline':
      useTimeline().add(event.data)
      break
    case 'windows':
      useWindows().show(event.data)
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
    case 'found':
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
