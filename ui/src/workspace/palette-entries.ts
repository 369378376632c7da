/** What the palette offers: every action that can run now, the other open tabs and the saved hosts. */
import { useDialogs } from '../dialogs'
import { useEdits } from '../edit/edits'
import { fileName, shownPath } from '../files/path'
import { hostName, useHosts } from '../hosts/hosts'
import { parsePastedAddress } from '../hosts/paste-address'
import { t } from '../i18n'
import { attempt } from '../notices/attempt'
import { pipeName } from '../pipes/pipe-words'
import { usePipes } from '../pipes/pipes'
import { useSnippets } from '../snippets/snippets'
import { useSyncs } from '../sync/sync'
import { actions, chordFor, isEnabled, runAction } from './actions'
import { fuzzyMatch } from './fuzzy'
import { keyCaps } from './keys'
import { platform } from './platform'
import type { TabColour } from './tab-facts'
import { useWorkspace } from './workspace'

export interface Entry {
  key: string
  kind: 'host' | 'tab' | 'action' | 'snippet'
  title: string
  /** The title in pieces, those that match marked. */
  parts: { text: string; hit: boolean }[]
  /** Small, behind the title; searched as well. */
  detail: string
  /** Its keys as this platform writes them. */
  keys?: string
  colour?: TabColour
  run: () => void
}

function keysOf(id: string): string {
  const chord = chordFor(id)
  return chord ? keyCaps(chord, platform).join(' ') : ''
}

/** As of now: call when the palette opens. */
export function paletteEntries(): Entry[] {
  const workspace = useWorkspace()
  const hosts = useHosts().hosts.map((host): Entry => {
    const name = hostName(host)
    const title = t('palette.host', { name })
    const detail = host.builtin
      ? ''
      : [host.user && `${host.user}@`, host.address === name && !host.user ? '' : host.address].join('')
    const run = () => void workspace.openHost(host.id)
    return {
      key: `host:${host.id}`,
      kind: 'host',
      title,
      parts: whole(title),
      detail: [host.group, detail].filter(Boolean).join(' · '),
      run,
    }
  })
  const able = actions.value
    .filter((action) => !action.unlisted && isEnabled(action))
    .map(({ id }): Entry => {
      const title = t(`actions.${id}`)
      return { key: id, kind: 'action', title, parts: whole(title), detail: '', keys: keysOf(id), run: () => void runAction(id) }
    })
  const others = [...workspace.labels.keys()]
    .filter((id) => id !== workspace.activeId)
    .map((id): Entry => {
      const { name, detail } = workspace.labels.get(id) ?? { name: id, detail: '' }
      const title = t('palette.tab', { name: [name, detail].filter(Boolean).join(' ') })
      return { key: id, kind: 'tab', title, parts: whole(title), detail: '', run: () => workspace.show(id) }
    })
  return [...able, ...others, ...snippetEntries(), ...syncEntries(), ...pipeEntries(), ...draftEntries(), ...hosts]
}

/**
 * What is asked for is an address with a user or a port, as one types it behind `ssh`: the saved host that it means, or a new one
 * with its fields filled in.
 */
export function addressEntry(query: string): Entry | undefined {
  const parts = parsePastedAddress(query)
  if (!parts || parts.ignored.length > 0) return undefined
  const { address, user, port, keyPath } = parts
  const saved = useHosts().hosts.find(
    (host) => host.address === address && (user ?? host.user) === host.user && (port ?? host.port) === host.port,
  )
  const name = `${user === undefined ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`
  const title = saved ? t('palette.host', { name: hostName(saved) }) : t('palette.addHost', { name })
  const key = keyPath === undefined ? {} : { auth: 'key' as const, keyPath }
  const start = { address, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }), ...key }
  return {
    key: `address:${name}`,
    kind: 'host',
    title,
    parts: whole(title),
    detail: saved ? name : '',
    run: () => void (saved ? useWorkspace().openHost(saved.id) : useDialogs().show({ kind: 'host-add', start })),
  }
}

/** Saved syncs, each with its form filled in: what would be done is looked at before it is. */
function syncEntries(): Entry[] {
  const dialogs = useDialogs()
  return useSyncs().saved.map(({ name, source, target, rules }): Entry => {
    const title = t('sync.entry', { name })
    const run = () => dialogs.show({ kind: 'sync', start: { name, source, target, rules } })
    return { key: `sync:${name}`, kind: 'action', title, parts: whole(title), detail: target.path, run }
  })
}

/** Saved pipes, each filled in and not run; and those that run without a tab. */
function pipeEntries(): Entry[] {
  const pipes = usePipes()
  const entry = (key: string, title: string, detail: string, run: () => void): Entry => {
    return { key, kind: 'action', title, parts: whole(title), detail, run }
  }
  return [
    ...pipes.saved.map((pipe) =>
      entry(`pipe:${pipe.name}`, t('pipes.entry', { name: pipe.name }), pipeName(pipe.draft), () => pipes.openSaved(pipe)),
    ),
    ...pipes.astray.map(({ id, draft }) =>
      entry(`pipe-run:${id}`, t('pipes.runs', { name: pipeName(draft) }), '', () => pipes.openRun(id)),
    ),
  ]
}

/** Texts of files that were never saved; the file itself may be gone, or its folder far away. */
function draftEntries(): Entry[] {
  const edits = useEdits()
  const hosts = useHosts()
  return edits.left.flatMap(({ host, path }): Entry[] => {
    const saved = hosts.find(host)
    if (!saved) return []
    const title = t('editDraft.entry', { name: shownPath(fileName(path.path)) })
    const run = () => void attempt(() => edits.openFile(host, path.path))
    const detail = `${hostName(saved)}: ${path.shown}`
    return [{ key: `draft:${host}:${path.path}`, kind: 'action', title, parts: whole(title), detail, run }]
  })
}

/** They are typed into the terminal that is shown. */
function snippetEntries(): Entry[] {
  if (useWorkspace().active?.session.ended !== false) return []
  const dialogs = useDialogs()
  return useSnippets().all.map(({ id, name, beginning }): Entry => {
    const title = t('many.snippets.entry', { name })
    const run = () => dialogs.show({ kind: 'snippet-insert', id })
    return { key: `snippet:${id}`, kind: 'snippet', title, parts: whole(title), detail: beginning, run }
  })
}

/** Every open tab by its name, the one that is shown as well. */
export function tabEntries(): Entry[] {
  const workspace = useWorkspace()
  return workspace.tabIdsInOrder().map((id): Entry => {
    const { name, detail } = workspace.labels.get(id) ?? { name: id, detail: '' }
    const colour = workspace.colours.get(id)
    return {
      key: id,
      kind: 'tab',
      title: name,
      parts: whole(name),
      detail: [detail, colour && t(`many.tab.colours.${colour}`)].filter(Boolean).join(' · '),
      ...(colour ? { colour } : {}),
      run: () => workspace.show(id),
    }
  })
}

function whole(text: string): Entry['parts'] {
  return [{ text, hit: false }]
}

function marked(text: string, positions: number[]): Entry['parts'] {
  const hits = new Set(positions)
  const parts: Entry['parts'] = []
  for (const [at, character] of [...text].entries()) {
    const last = parts.at(-1)
    if (last && last.hit === hits.has(at)) last.text += character
    else parts.push({ text: character, hit: hits.has(at) })
  }
  return parts
}

/** A match in the detail (an address, a group) counts, but less than one in the title. */
const DETAIL_PENALTY = 15

/** Those that match, best first; equal ones keep their order. */
export function rank(entries: readonly Entry[], query: string): Entry[] {
  if (query.trim() === '') return [...entries]
  return entries
    .flatMap((entry) => {
      const title = fuzzyMatch(query, entry.title)
      if (title) return [{ score: title.score, entry: { ...entry, parts: marked(entry.title, title.positions) } }]
      const detail = fuzzyMatch(query, entry.detail)
      return detail ? [{ score: detail.score - DETAIL_PENALTY, entry }] : []
    })
    .sort((a, b) => b.score - a.score)
    .map(({ entry }) => entry)
}
