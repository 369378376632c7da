/** What of the person's ssh_config is not used for a host: said once, and again only when it is something else. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { ConfigNotes, HostId } from '../ipc'
import { useSettings } from '../settings/settings'

/** Put away for so many hosts; the oldest is said again. */
const READ_MAX = 500

/** Changes with the notes, and not with the lines that they stand in. */
export function markOf({ hostId, notes }: ConfigNotes): string {
  let hash = 5381
  for (const character of JSON.stringify(notes.map(({ keyword, value, kind }) => [keyword, value, kind])))
    hash = (Math.imul(hash, 33) ^ (character.codePointAt(0) ?? 0)) >>> 0
  return `${hash.toString(36)} ${hostId}`
}

export const useConfigNotes = defineStore('config-notes', () => {
  const settings = useSettings()
  const known = shallowRef<readonly ConfigNotes[]>([])
  /** The ones to show, one after the other. */
  const next = computed(() => known.value.find((one) => !settings.current.readConfigNotes.includes(markOf(one))))

  function show(notes: ConfigNotes): void {
    const others = known.value.filter(({ hostId }) => hostId !== notes.hostId)
    known.value = notes.notes.length > 0 ? [...others, notes] : others
  }

  function dismiss(notes: ConfigNotes): void {
    const ofHost = (mark: string, id: HostId) => mark.endsWith(` ${id}`)
    const others = settings.current.readConfigNotes.filter((mark) => !ofHost(mark, notes.hostId))
    settings.current.readConfigNotes = [...others, markOf(notes)].slice(-READ_MAX)
  }

  return { next, show, dismiss }
})
