/** Actions on the active terminal, on its tab and on its pane. */
import { DEFAULT_SETTINGS, LIMITS, useSettings } from '../settings/settings'
import { copySelection, pasteClipboard } from '../terminal/clipboard'
import { focusClipboardBar } from '../terminal/clipboard-bar'
import { registerPendingActions } from '../terminal/pending-actions'
import { registerAction } from './actions'
import { useWorkspace } from './workspace'

/** Alt+1 to Alt+9, or Cmd on macOS. */
const SELECTABLE_TABS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const

/** Call within a scope (the workspace's component): the actions end with it. */
export function registerTerminalActions(): void {
  const workspace = useWorkspace()
  const settings = useSettings()
  const session = () => workspace.active?.session
  const open = () => workspace.active !== undefined
  /** A terminal or another tab. */
  const any = () => workspace.activeId !== null

  const register = (
    id: string,
    mac: string | string[],
    other: string | string[],
    run: () => void | Promise<void>,
    enabled = open,
  ) => registerAction({ id, keys: { mac, other }, run, enabled })
  const onText = (
    id: string,
    mac: string | string[],
    other: string | string[],
    run: () => void | Promise<void>,
    enabled = open,
  ) => registerAction({ id, keys: { mac, other }, run, enabled, fieldsKeep: true })

  onText(
    'terminal.copy',
    'Cmd+C',
    ['Ctrl+Shift+C', 'Ctrl+Insert'],
    async () => {
      const from = session()
      if (from) await copySelection(from)
    },
    () => session()?.hasSelection.value ?? false,
  )
  onText(
    'terminal.paste',
    'Cmd+V',
    ['Ctrl+Shift+V', 'Shift+Insert'],
    async () => {
      const into = session()
      if (into) await pasteClipboard(into)
    },
    () => open() && !session()?.ended,
  )
  onText('terminal.selectAll', 'Cmd+A', 'Ctrl+Shift+Alt+A', () => session()?.surface.terminal.selectAll())

  register('terminal.find', 'Cmd+F', 'Ctrl+Shift+F', () => workspace.search())
  register('terminal.clear', 'Cmd+Shift+X', 'Ctrl+Shift+X', () => session()?.clear())
  register('terminal.reset', 'Cmd+Alt+X', 'Ctrl+Shift+Alt+X', () => session()?.reset())
  register(
    'clipboardWrites.answer',
    'Cmd+Alt+V',
    'Ctrl+Shift+Alt+V',
    () => void (session() && focusClipboardBar()),
    () => session()?.clipboardQuestion.value != null,
  )
  register(
    'terminal.reopen',
    'Cmd+Enter',
    'Ctrl+Shift+Enter',
    () => session()?.reopen(),
    () => session()?.ended ?? false,
  )
  register('terminal.focus', 'Cmd+J', 'Ctrl+Shift+J', () => workspace.focusActive(), any)

  register('tab.new', 'Cmd+T', 'Ctrl+Shift+T', () => workspace.openBeside())
  register('tab.close', 'Cmd+W', 'Ctrl+Shift+W', () => workspace.closeActive(), any)
  register(
    'tab.reopen',
    'Cmd+Shift+T',
    'Ctrl+Shift+Alt+T',
    () => workspace.reopenClosed(),
    () => workspace.closed.length > 0,
  )
  register('tab.next', ['Ctrl+Tab', 'Cmd+Alt+ArrowRight'], ['Ctrl+Tab', 'Ctrl+PageDown'], () => workspace.step(1), any)
  register(
    'tab.previous',
    ['Ctrl+Shift+Tab', 'Cmd+Alt+ArrowLeft'],
    ['Ctrl+Shift+Tab', 'Ctrl+PageUp'],
    () => workspace.step(-1),
    any,
  )
  register('tab.rename', 'Cmd+Shift+R', 'Ctrl+Shift+R', () => workspace.startRenaming(workspace.activeId))
  register('pane.splitRight', 'Cmd+D', 'Ctrl+Shift+D', () => workspace.openBeside('right'))
  register('pane.splitDown', 'Cmd+Shift+D', 'Ctrl+Shift+S', () => workspace.openBeside('down'))
  register('pane.next', 'Cmd+]', 'Ctrl+Shift+ArrowRight', () => workspace.focusPane(1), any)
  register('pane.previous', 'Cmd+[', 'Ctrl+Shift+ArrowLeft', () => workspace.focusPane(-1), any)

  registerPendingActions(session)

  for (const n of SELECTABLE_TABS) {
    registerAction({
      id: `tab.select${n}`,
      keys: { mac: `Cmd+${n}`, other: `Alt+${n}` },
      enabled: any,
      unlisted: true,
      run: () => workspace.select(n),
    })
  }

  const zoom = (by: number) => {
    const { min, max } = LIMITS.fontSize
    settings.current.fontSize = Math.min(max, Math.max(min, settings.current.fontSize + by))
  }
  registerAction({ id: 'text.bigger', keys: 'Mod+Plus', run: () => zoom(1) })
  registerAction({ id: 'text.smaller', keys: 'Mod+Minus', run: () => zoom(-1) })
  registerAction({ id: 'text.reset', keys: 'Mod+0', run: () => void (settings.current.fontSize = DEFAULT_SETTINGS.fontSize) })
}
