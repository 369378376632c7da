/** What the shells of the terminals say about themselves: where they are, and which long command has ended. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import type { ShellView, TerminalId } from '../ipc'

/** Terminals of this run that are remembered; the engine has fewer at once. */
const SHELLS_MAX = 1000

export const useShells = defineStore('shells', () => {
  const views = shallowReactive(new Map<TerminalId, ShellView>())

  function show(view: ShellView): void {
    views.set(view.id, view)
    const oldest = views.keys().next().value
    if (views.size > SHELLS_MAX && oldest !== undefined) views.delete(oldest)
  }

  function showAll(all: readonly ShellView[]): void {
    views.clear()
    all.forEach(show)
  }

  function directoryOf(id: TerminalId | undefined): string | null {
    return (id === undefined ? undefined : views.get(id)?.directory) ?? null
  }

  return { views, show, showAll, directoryOf }
})
