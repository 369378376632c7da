/** What the keys do in the list of files. */
import { attempt } from '../notices/attempt'
import { useBackend } from '../ipc'
import { useFiles } from './files'
import { paste } from './jobs'
import type { Panel } from './panel'
import { typedAhead, type Row } from './rows'

/** Letters that follow each other sooner are one beginning. */
const TYPING_MS = 800

export interface KeyTargets {
  open: (row: Row) => void
  edit: (row: Row) => void
  menu: () => void
  remove: () => void
  filter: () => void
  path: () => void
}

export function listKeys(panel: Panel, pageRows: () => number, targets: KeyTargets): (event: KeyboardEvent) => void {
  const { selection, rows } = panel
  const files = useFiles()
  let typed = ''
  let typedAt = 0

  /** With Shift the range grows, with Ctrl only the keyboard moves. */
  function move(event: KeyboardEvent, to: number): void {
    if (event.shiftKey) selection.extend(to)
    else if (event.ctrlKey || event.metaKey) selection.moveTo(to)
    else selection.only(to)
  }

  function typeAhead(letter: string, now: number): void {
    typed = now - typedAt < TYPING_MS ? typed + letter : letter
    typedAt = now
    // The same letter again goes to the next of its kind.
    const same = [...typed].every((one) => one === typed[0])
    const at = selection.cursorIndex.value
    const found = typedAhead(rows.value, same ? (typed[0] ?? '') : typed, Math.max(0, same ? at + 1 : at))
    if (found >= 0) selection.only(found)
  }

  function withControl(event: KeyboardEvent): boolean {
    switch (event.key.toLowerCase()) {
      case 'a':
        selection.all()
        return true
      case 'c':
      case 'x':
        if (selection.chosen.value.size > 0) files.clip(panel.hostId, panel.chosenPaths(), event.key.toLowerCase() === 'x')
        return true
      case 'v':
        void attempt(() => paste(panel.hostId, panel.path.value))
        return true
      case 'f':
        targets.filter()
        return true
      case 'l':
        targets.path()
        return true
      case 'r':
        void panel.reload()
        return true
      case ' ':
        selection.toggle(selection.cursorIndex.value)
        return true
      default:
        return false
    }
  }

  function plain(event: KeyboardEvent): boolean {
    const at = selection.cursorIndex.value
    const row = rows.value[at]
    switch (event.key) {
      case 'ArrowDown':
        move(event, at + 1)
        return true
      case 'ArrowUp':
        move(event, at < 0 ? 0 : at - 1)
        return true
      case 'PageDown':
        move(event, at + pageRows())
        return true
      case 'PageUp':
        move(event, at - pageRows())
        return true
      case 'Home':
        move(event, 0)
        return true
      case 'End':
        move(event, rows.value.length - 1)
        return true
      case 'Enter':
        if (row) targets.open(row)
        return true
      case 'Backspace':
        void panel.up()
        return true
      case 'F2':
        if (row) panel.renaming.value = row.name
        return true
      case 'F4':
        if (row && !row.isFolder) targets.edit(row)
        return true
      case 'F5':
        void panel.reload()
        return true
      case 'Delete':
        if (selection.chosen.value.size > 0) targets.remove()
        return true
      case 'F10':
        if (event.shiftKey) targets.menu()
        return event.shiftKey
      case 'ContextMenu':
        targets.menu()
        return true
      case 'Escape':
        // The drawer closes with the next one.
        if (panel.filter.value !== '') panel.filter.value = ''
        else if (selection.chosen.value.size > 0) selection.none()
        else return false
        return true
      default:
        return false
    }
  }

  function withAlt(event: KeyboardEvent): boolean {
    if (event.key === 'ArrowLeft') void panel.step('back')
    else if (event.key === 'ArrowRight') void panel.step('forward')
    else if (event.key === 'ArrowUp') void panel.up()
    else return false
    return true
  }

  return (event) => {
    if (event.isComposing || (event.target instanceof Element && event.target.closest('input, button'))) return
    const control = event.ctrlKey || event.metaKey
    let done = event.altKey ? !control && withAlt(event) : plain(event)
    if (!done && control && !event.altKey && !event.shiftKey) done = withControl(event)
    const isLetter = event.key.length === 1 && !control && !event.altKey
    if (!done && isLetter) {
      if (event.key === '/' && typed === '') targets.filter()
      else if (event.key === ' ' && performance.now() - typedAt > TYPING_MS) selection.toggle(selection.cursorIndex.value)
      else typeAhead(event.key, performance.now())
      done = true
    }
    if (!done) return
    event.preventDefault()
    event.stopPropagation()
  }
}

/** The paths of what is chosen, one in each line. */
export async function copyPaths(paths: readonly string[]): Promise<void> {
  await useBackend().writeClipboard(paths.join('\n'))
}
