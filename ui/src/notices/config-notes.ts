/** What of the person's ssh_config is not used: each line is said once, however many hosts it counts for. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { ConfigNote, ConfigNotes } from '../ipc'
import { useSettings } from '../settings/settings'

/** So many lines are remembered as read; the oldest is said again. */
const READ_MAX = 2000

/** Changes with what the line says, and not with where it stands. */
function markOf({ keyword, value, kind }: ConfigNote): string {
  let hash = 5381
  for (const character of JSON.stringify([keyword, value, kind]))
    hash = (Math.imul(hash, 33) ^ (character.codePointAt(0) ?? 0)) >>> 0
  return hash.toString(36)
}

export const useConfigNotes = defineStore('config-notes', () => {
  const settings = useSettings()
  const known = shallowRef<readonly ConfigNotes[]>([])
  const read = computed(() => new Set(settings.current.readConfigNotes))
  /** The ones to show, one host after the other: those that have a line which was not read with another host. */
  const next = computed(() => known.value.find(({ notes }) => notes.some((note) => !read.value.has(markOf(note)))))

  function show(notes: ConfigNotes): void {
    const others = known.value.filter(({ hostId }) => hostId !== notes.hostId)
    known.value = notes.notes.length > 0 ? [...others, notes] : others
  }

  function dismiss({ notes }: ConfigNotes): void {
    const marks = notes.map(markOf)
    const others = settings.current.readConfigNotes.filter((mark) => !marks.includes(mark))
    settings.current.readConfigNotes = [...others, ...marks].slice(-READ_MAX)
  }

  return { next, show, dismiss }
})
