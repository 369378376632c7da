/** Every action that the workspace brings: what this window can do with its terminals, tabs and panes. */
import { registerBroadcastActions } from '../broadcast/broadcast-actions'
import { registerCaptureActions } from '../captures/capture-actions'
import { registerSnippetActions } from '../snippets/snippet-actions'
import { registerMarkActions } from '../terminal/marks/mark-actions'
import { registerWindowsActions } from '../windows/windows-actions'
import { registerAction } from './actions'
import { useKeptWorkspace } from './kept-workspace'
import { usePalette } from './palette'
import { registerTabActions } from './tab-actions'
import { registerTerminalActions } from './terminal-actions'
import { useWorkspace } from './workspace'

/** Call within a scope (the workspace's component): the actions end with it. */
export function registerWorkspaceActions(): void {
  const workspace = useWorkspace()
  const palette = usePalette()
  const kept = useKeptWorkspace()

  registerTerminalActions()
  registerTabActions()
  registerWindowsActions()
  registerAction({
    id: 'workspace.bringBack',
    keys: { mac: 'Cmd+Shift+Alt+W', other: 'Ctrl+Shift+Alt+W' },
    enabled: () => kept.last !== null,
    run: () => kept.bringBack(),
  })
  registerBroadcastActions()
  registerCaptureActions()
  registerMarkActions(() => workspace.active?.session)
  registerSnippetActions()
  registerAction({ id: 'palette.open', keys: 'Mod+Shift+P', unlisted: true, run: () => palette.show() })
}
