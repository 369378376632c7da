/** What goes through the transfer queue: up, down, and between folders and hosts. */
import { endOf } from '../drop/dragged'
import { t } from '../i18n'
import { useBackend, type Commands, type EngineEvent, type HostId, type JobEnd, type JobsView } from '../ipc'
import { LOCAL_ID } from '../terminal/targets'
import { useFiles } from './files'
import { fileName, parentPath, shownPath } from './path'
import { hostOf, isHere } from './place'

type JobRequest = Commands['job_add']['args']['request']

/** Copies or moves into a folder. */
export async function copyInto(sources: JobEnd[], target: JobEnd, options: Partial<JobRequest> = {}): Promise<void> {
  if (sources.length === 0) return
  const request: JobRequest = {
    sources,
    target,
    exact: false,
    onConflict: 'ask',
    verify: 'size',
    removeSources: false,
    ...options,
  }
  // The tray says that it is on its way, and how far it is.
  await useBackend().call('job_add', { request })
}

/** Asks where to, and fetches files and folders from a host. */
export async function download(hostId: HostId, paths: readonly string[]): Promise<void> {
  const folder = await useBackend().call('files_pick_folder', {})
  if (folder === null) return
  await copyInto(
    paths.map((path) => endOf(hostId, path)),
    endOf(LOCAL_ID, folder),
  )
}

/** Asks for files or folders of this computer, and sends them into a folder of a host. */
export async function upload(hostId: HostId, folder: string, folders: boolean): Promise<void> {
  const picked = await useBackend().call('files_pick_upload', { folders })
  await copyInto(
    picked.map((path) => endOf(LOCAL_ID, path)),
    endOf(hostId, folder),
  )
}

/** Copies or moves what was copied or cut, maybe on another host, into a folder. */
export async function paste(hostId: HostId, folder: string): Promise<void> {
  const files = useFiles()
  const clipped = files.clipped
  if (!clipped) return
  const sameFolder = (path: string) => clipped.hostId === hostId && parentPath(path) === folder
  // Cut and put back where it was: nothing to do. A copy beside itself gets another name.
  const paths = clipped.cut ? clipped.paths.filter((path) => !sameFolder(path)) : [...clipped.paths]
  const beside = !clipped.cut && paths.some(sameFolder)
  await copyInto(
    paths.map((path) => endOf(clipped.hostId, path)),
    endOf(hostId, folder),
    { removeSources: clipped.cut, ...(beside ? { onConflict: 'rename' as const } : {}) },
  )
  if (clipped.cut) files.clip(hostId, [], false)
}

/** What a toast or menu calls one or several paths. */
export function namesOf(paths: readonly string[]): string {
  const [first] = paths
  return paths.length === 1 && first !== undefined
    ? shownPath(fileName(first))
    : t('files.items', { n: paths.length }, paths.length)
}

/** Tells when a job has ended that put something into a folder, or took something out of it. */
export async function watchJobs(hostId: HostId, folder: () => string, changed: () => void): Promise<() => void> {
  /** Those that are known to have ended; a small one is told of for the first time when it has. */
  const known = new Set<number>()
  let ready = false
  const isThere = (end: JobEnd) => (end.at === 'here' ? isHere(hostId) : hostOf(end.hostId) === hostOf(hostId))
  const concerns = (end: JobEnd) => isThere(end) && (end.path === folder() || parentPath(end.path) === folder())
  const endedOf = ({ jobs }: JobsView) =>
    jobs.filter(({ state }) => state === 'done' || state === 'failed' || state === 'cancelled')
  const stop = await useBackend().onEvent((event: EngineEvent) => {
    if (event.type !== 'jobs' || !ready) return
    const news = endedOf(event.data).filter(({ id }) => !known.has(id))
    for (const { id } of news) known.add(id)
    if (news.some((job) => concerns(job.to) || concerns(job.from))) changed()
  })
  for (const { id } of endedOf(await useBackend().call('jobs', {}))) known.add(id)
  ready = true
  return stop
}
