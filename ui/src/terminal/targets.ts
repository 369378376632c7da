/** What a terminal can be opened on besides a host; both are written in the place of a host's id, as in the engine. */
import { t } from '../i18n'
import type { HostId } from '../ipc'

/** The person's own shell on this computer. */
export const LOCAL_ID: HostId = 'local'
const RECORDING = 'recording:'

export function recordingId(path: string): HostId {
  return RECORDING + path
}

export function isRecording(id: HostId): boolean {
  return id.startsWith(RECORDING)
}

export function isHost(id: HostId): boolean {
  return id !== LOCAL_ID && !isRecording(id)
}

/** What a terminal is called that is on no host; nothing for one on a host. */
export function targetName(id: HostId): string | undefined {
  if (id === LOCAL_ID) return t('sources.local.name')
  if (!isRecording(id)) return undefined
  return (
    id
      .split(/[/\\]/)
      .at(-1)
      ?.replace(/\.cast$/i, '') || id
  )
}
