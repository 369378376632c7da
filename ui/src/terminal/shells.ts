/** What the shells of the terminals say about themselves: where they are, and which long command has ended. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { shownPath } from '../files/path'
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

  /** As the engine writes paths: with characters that stand for bytes which are no text. */
  function directoryOf(id: TerminalId | undefined): string | null {
    return (id === undefined ? undefined : views.get(id)?.directory) ?? null
  }

  /** The same, fit to be shown. */
  function shownDirectoryOf(id: TerminalId | undefined): string | null {
    const directory = directoryOf(id)
    return directory === null ? null : shownPath(directory)
  }

  return { views, show, showAll, directoryOf, shownDirectoryOf }
})
