/** What is said of a pipe: what its stages are called, how each ended, and how all of it went. */
import type { DotShape } from '../connections/state-words'
import { useHosts } from '../hosts/hosts'
import { t } from '../i18n'
import { problemText } from '../i18n/problem'
import { sentences } from '../i18n/format'
import type { HostId, PipeDraft, PipeView, StageEnd, StageView } from '../ipc'

/** One stage as it is shown. */
interface StageName {
  kind: 'source' | 'command' | 'target'
  /** The host, or the file's name. */
  name: string
  /** The command, or the file's path. */
  detail: string
  tee: string | null
}

function hostNameOf(id: HostId): string {
  return useHosts().nameOf(id) ?? id
}

const fileName = (path: string): string => path.split(/[/\\]/).at(-1) ?? path

export function stagesOf({ source, commands, target }: PipeDraft): StageName[] {
  const file = (kind: 'source' | 'target', path: string): StageName => ({ kind, name: fileName(path), detail: path, tee: null })
  return [
    ...(source === null ? [] : [file('source', source)]),
    ...commands.map(({ hostId, line, tee }): StageName => ({ kind: 'command', name: hostNameOf(hostId), detail: line, tee })),
    ...(target === null ? [] : [file('target', target)]),
  ]
}

/** `web-01 → db-02`, for a tab. */
export function pipeName(draft: PipeDraft): string {
  const names = stagesOf(draft).map(({ name }) => name || '…')
  return names.length === 0 ? t('pipes.title') : names.join(' → ')
}

export function isWell(end: StageEnd): boolean {
  return end.kind === 'done' || end.kind === 'unread' || (end.kind === 'exited' && end.status === 0)
}

/** `web-01 ended with 0`; a whole sentence. */
export function endWords(name: string, end: StageEnd): string {
  switch (end.kind) {
    case 'exited':
      return t('pipes.ends.exited', { name, status: String(end.status) })
    case 'signalled':
      return t('pipes.ends.signalled', { name, signal: end.signal })
    case 'done':
      return t('pipes.ends.done', { name })
    case 'unread':
      return t('pipes.ends.unread', { name })
    case 'stopped':
      return t(end.confirmed ? 'pipes.ends.stopped' : 'pipes.ends.told', { name })
    case 'not-run':
      return t('pipes.ends.notRun', { name })
    case 'unknown':
      return sentences(t('pipes.ends.unknown', { name }), problemText(end.problem).text)
    case 'failed':
      return sentences(t('pipes.ends.failed', { name }), problemText(end.problem).text)
  }
}

/** Two or three words, for a card. */
export function stateWords({ state, end }: StageView): string {
  if (end === null) return t(`pipes.states.${state}`)
  switch (end.kind) {
    case 'exited':
      return t('pipes.states.exited', { status: String(end.status) })
    case 'signalled':
      return t('pipes.states.signalled', { signal: end.signal })
    case 'done':
      return t('pipes.states.done')
    case 'unread':
      return t('pipes.states.unread')
    case 'stopped':
      return t('pipes.states.stopped')
    case 'not-run':
      return t('pipes.states.notRun')
    case 'unknown':
      return t('pipes.states.unknown')
    case 'failed':
      return t('pipes.states.failed')
  }
}

export function dotOf({ end }: StageView): DotShape {
  if (end === null) return 'retry'
  if (isWell(end)) return 'up'
  return end.kind === 'stopped' || end.kind === 'not-run' ? 'halt' : 'down'
}

/** How all of it is: for whoever cannot see the picture as well. */
export function pipeWords(pipe: PipeView): string {
  if (pipe.running) return t(pipe.stopped ? 'pipes.now.stopping' : 'pipes.now.running')
  if (pipe.stopped) return t('pipes.now.stopped')
  return t(pipe.well ? 'pipes.now.well' : 'pipes.now.failed', { status: String(pipe.status ?? '') })
}
