/** The actions of the snippets. */
import { useDialogs } from '../dialogs'
import { registerAction } from '../workspace/actions'

/** Call within a scope (the workspace's component): the actions end with it. */
export function registerSnippetActions(): void {
  const dialogs = useDialogs()
  registerAction({ id: 'snippet.open', keys: 'Mod+Shift+Alt+I', run: () => dialogs.show({ kind: 'snippets' }) })
  registerAction({ id: 'snippet.add', run: () => dialogs.show({ kind: 'snippets', add: true }) })
}
