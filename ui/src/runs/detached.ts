/** Commands that were left running on hosts. Nothing is known of them before somebody asks the hosts. */
import { defineStore } from 'pinia'
import { computed, shallowReactive } from 'vue'
import { useHosts } from '../hosts/hosts'
import { toProblem, useBackend, type Detached, type DetachedId, type HostId, type Problem } from '../ipc'

/** Hosts that are asked at once: each may be a dial and a login. */
const AT_ONCE = 8

interface OfHost {
  all: readonly Detached[]
  problem: Problem | null
}

export interface DetachedRow {
  key: string
  hostId: HostId
  host: string
  one: Detached
}

export const useDetached = defineStore('detached', () => {
  const hosts = useHosts()
  const known = shallowReactive(new Map<HostId, OfHost>())
  /** Hosts that have not answered yet. One that hangs keeps nobody from asking the others. */
  const asked = shallowReactive(new Map<HostId, number>())

  const nameOf = (id: HostId): string => hosts.nameOf(id) ?? id
  const rows = computed(() =>
    [...known]
      .flatMap(([hostId, { all }]) =>
        all.map((one): DetachedRow => ({ key: `${hostId} ${one.id}`, hostId, host: nameOf(hostId), one })),
      )
      .sort((a, b) => (b.one.beganAt ?? 0) - (a.one.beganAt ?? 0)),
  )
  const isAsked = computed(() => known.size > 0)
  const problems = computed(() =>
    [...known].flatMap(([id, { problem }]) => (problem === null ? [] : [{ host: nameOf(id), problem }])),
  )

  async function ask(id: HostId): Promise<void> {
    asked.set(id, (asked.get(id) ?? 0) + 1)
    try {
      known.set(id, { all: await useBackend().call('detached_list', { host: id }), problem: null })
    } catch (thrown) {
      known.set(id, { all: [], problem: toProblem(thrown) })
    }
    const others = (asked.get(id) ?? 1) - 1
    if (others > 0) asked.set(id, others)
    else asked.delete(id)
  }

  /** A few at a time, so that a hundred logins do not come at once. */
  async function each(ids: readonly HostId[], work: (id: HostId) => Promise<void>): Promise<void> {
    const left = [...ids]
    const one = async (): Promise<void> => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) await work(id)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
  }

  const look = (ids: readonly HostId[]): Promise<void> =>
    each(
      ids.filter((id) => !asked.has(id)),
      ask,
    )

  /** Looks again without a word; what cannot be asked stays as it was known. */
  const refresh = (ids: readonly HostId[]): Promise<void> =>
    each(
      ids.filter((id) => !asked.has(id)),
      async (id) => {
        const all = await useBackend()
          .call('detached_list', { host: id })
          .catch(() => null)
        if (all !== null) known.set(id, { all, problem: null })
      },
    )

  /** Starts it on each, and looks at what is there then. */
  const start = (ids: readonly HostId[], command: string): Promise<void> =>
    each(ids, async (id) => {
      try {
        await useBackend().call('detached_start', { host: id, command })
        await ask(id)
      } catch (thrown) {
        known.set(id, { all: known.get(id)?.all ?? [], problem: toProblem(thrown) })
      }
    })

  async function stop(host: HostId, id: DetachedId): Promise<boolean> {
    const certain = await useBackend().call('detached_stop', { host, id })
    await ask(host)
    return certain
  }

  async function remove(host: HostId, id: DetachedId): Promise<void> {
    await useBackend().call('detached_remove', { host, id })
    await ask(host)
  }

  const read = (host: HostId, id: DetachedId, stderr: boolean, offset: number) =>
    useBackend().call('detached_read', { host, id, stderr, offset })

  return { isAsked, rows, problems, asked, look, refresh, start, stop, remove, read, ask }
})
