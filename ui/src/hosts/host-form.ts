/** What is typed into the host form, and what the engine says about it as one types. */
import { useDebounceFn } from '@vueuse/core'
import { computed, reactive, ref, watch } from 'vue'
import { t } from '../i18n'
import { useBackend, type HostDraft, type HostField, type HostOptions, type ProblemKind, type SavedTunnel } from '../ipc'

/** As typed: numbers are text until they are numbers, and the way to the host stands beside the rest. */
export type Typed = Omit<HostDraft, 'port' | 'options'> &
  Omit<HostOptions, 'connectTimeoutSeconds' | 'tunnels'> & {
    port: string
    connectTimeoutSeconds: string
    tunnels: SavedTunnel[]
  }

/** The fields of the way to a host. */
export const ROUTE_FIELDS = [
  'jump',
  'proxy',
  'proxyCommand',
  'bindAddress',
  'connectTimeoutSeconds',
] as const satisfies HostField[]

const DIRECT: HostOptions & { tunnels: SavedTunnel[] } = {
  jump: '',
  proxy: '',
  proxyCommand: '',
  addressFamily: 'any',
  bindAddress: '',
  connectTimeoutSeconds: null,
  forwardAgent: false,
  transcript: false,
  startupCommand: '',
  multiplexer: 'none',
  shellIntegration: false,
  tunnels: [],
}

export const EMPTY_DRAFT: HostDraft = { label: '', group: '', address: '', port: 22, user: '', auth: 'automatic', keyPath: '' }

/** Long enough not to complain in the middle of a word. */
const CHECK_AFTER_MS = 150
const DEFAULT_PORT = 22

export function portOf(text: string): number | null {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : NaN
  return port >= 1 && port <= 65535 ? port : null
}

/** What is no number of seconds is null, as is nothing. */
function secondsOf(text: string): number | null {
  return /^\d{1,5}$/.test(text.trim()) ? Number(text) : null
}

function typedFrom({ options, ...draft }: HostDraft): Typed {
  const { connectTimeoutSeconds: seconds, tunnels, ...way } = { ...DIRECT, ...options }
  return {
    ...draft,
    ...way,
    tunnels: tunnels ?? [],
    port: String(draft.port),
    connectTimeoutSeconds: seconds === null ? '' : String(seconds),
  }
}

export function draftFrom(typed: Typed): HostDraft {
  return {
    label: typed.label.trim(),
    group: typed.group.trim(),
    address: typed.address.trim(),
    port: portOf(typed.port) ?? DEFAULT_PORT,
    user: typed.user.trim(),
    auth: typed.auth,
    // Kept whatever the method: one that came with an import must survive an edit.
    keyPath: typed.keyPath.trim(),
    options: {
      jump: typed.jump.trim(),
      proxy: typed.proxy.trim(),
      proxyCommand: typed.proxyCommand.trim(),
      addressFamily: typed.addressFamily,
      bindAddress: typed.bindAddress.trim(),
      connectTimeoutSeconds: secondsOf(typed.connectTimeoutSeconds),
      forwardAgent: typed.forwardAgent,
      transcript: typed.transcript,
      startupCommand: typed.startupCommand.trim(),
      multiplexer: typed.multiplexer,
      shellIntegration: typed.shellIntegration,
      tunnels: typed.tunnels.map((tunnel) => ({ ...tunnel })),
    },
  }
}

export function useHostForm(start: HostDraft) {
  const typed = reactive<Typed>(typedFrom(start))
  const found = reactive(new Map<HostField, ProblemKind>())
  /** An untouched field is not complained about: nobody likes a form that is red before the first letter. */
  const touched = reactive(new Set<HostField>())
  const insisting = ref(false)
  const draft = computed(() => draftFrom(typed))
  let round = 0

  /** Asks the engine now. An answer that a later question has overtaken is dropped. */
  async function check(): Promise<void> {
    const own = ++round
    const problems = await useBackend().call('host_check', { draft: draft.value })
    if (own !== round) return
    found.clear()
    for (const { field, problem } of problems) if (!found.has(field)) found.set(field, problem)
    // The engine gets numbers only, so what is no port at all is said here.
    if (portOf(typed.port) === null) found.set('port', 'port-range')
    const seconds = typed.connectTimeoutSeconds
    if (seconds.trim() !== '' && secondsOf(seconds) === null) found.set('connectTimeoutSeconds', 'time-range')
  }

  const checkSoon = useDebounceFn(() => check().catch(() => undefined), CHECK_AFTER_MS)

  watch(
    () => ({ ...typed }),
    (now, before) => {
      const fields: HostField[] = ['label', 'group', 'address', 'port', 'user', 'keyPath', 'startupCommand', ...ROUTE_FIELDS]
      for (const field of fields) if (now[field] !== before[field]) touched.add(field)
      void checkSoon()
    },
  )

  /** The message under a field. */
  function problem(field: HostField): string | undefined {
    const kind = found.get(field)
    if (!kind || !(insisting.value || touched.has(field))) return undefined
    return t(`fieldProblems.${kind}`, { field: t(`fields.${field}`) })
  }

  /** Checks everything and shows every problem; says whether there was none. */
  async function accept(): Promise<boolean> {
    insisting.value = true
    await check()
    return found.size === 0
  }

  const untouched = JSON.stringify(typed)

  /** Whether something would be lost. */
  function isChanged(): boolean {
    return JSON.stringify(typed) !== untouched
  }

  return { typed, draft, problem, accept, isChanged }
}
