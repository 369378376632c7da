/** The actions of everything around the terminals. The workspace registers its own. */
import { useConnections } from './connections/connections'
import { useTheme } from './design/theme'
import { useDialogs } from './dialogs'
import { useHostActions } from './hosts/host-actions'
import { useHosts } from './hosts/hosts'
import { useLanguage } from './i18n/language'
import { useBackend, type Host } from './ipc'
import { act } from './notices/act'
import { useNotices } from './notices/notices'
import { useSettings } from './settings/settings'
import { registerAction } from './workspace/actions'

export interface WindowParts {
  findHost: () => void
}

/** Call in the root component: the actions live as long as it does. */
export function registerWindowActions({ findHost }: WindowParts): void {
  const settings = useSettings()
  const dialogs = useDialogs()
  const hosts = useHosts()
  const connections = useConnections()
  const notices = useNotices()
  const hostActions = useHostActions()
  const { toggle: toggleTheme } = useTheme()
  const { toggle: toggleLanguage } = useLanguage()

  const editable = () => hosts.selectedId !== null && hosts.canEdit(hosts.selectedId)
  const withSelected = (work: (host: Host) => void | Promise<void>) => () => hosts.selected && work(hosts.selected)

  registerAction({ id: 'host.add', keys: 'Mod+Shift+A', run: () => dialogs.show({ kind: 'host-add' }) })
  registerAction({ id: 'host.import', keys: 'Mod+Shift+I', run: () => dialogs.show({ kind: 'import' }) })
  // Ctrl+K and Ctrl+B belong to the shell while a terminal has the focus; with Shift they are ours everywhere.
  registerAction({
    id: 'host.find',
    keys: ['Mod+K', 'Mod+Shift+K'],
    run: async () => {
      settings.current.sidebarShown = true
      await Promise.resolve()
      findHost()
    },
  })
  registerAction({ id: 'host.edit', keys: 'Mod+Shift+E', enabled: editable, run: withSelected(hostActions.edit) })
  registerAction({ id: 'host.duplicate', enabled: editable, run: withSelected(hostActions.duplicate) })
  registerAction({ id: 'host.delete', enabled: editable, run: withSelected(hostActions.remove) })
  registerAction({
    id: 'host.disconnect',
    keys: 'Mod+Shift+Alt+Q',
    enabled: () => hosts.selected !== undefined && connections.of(hosts.selected.id).state !== 'idle',
    run: withSelected(hostActions.disconnect),
  })
  // By a key, so that nobody has to walk to it past a terminal, which keeps Tab.
  registerAction({
    id: 'notices.act',
    keys: 'Mod+Shift+F11',
    enabled: () => notices.offering !== undefined,
    run: () => notices.offering && act(notices.offering),
  })
  registerAction({ id: 'settings.open', keys: 'Mod+,', run: () => dialogs.show({ kind: 'settings' }) })
  registerAction({ id: 'trust.open', run: () => dialogs.show({ kind: 'trusted-keys' }) })
  registerAction({
    id: 'sidebar.toggle',
    keys: ['Mod+B', 'Mod+Shift+B'],
    run: () => void (settings.current.sidebarShown = !settings.current.sidebarShown),
  })
  registerAction({ id: 'theme.toggle', keys: 'Mod+Shift+L', run: toggleTheme })
  registerAction({ id: 'language.toggle', run: toggleLanguage })
  registerAction({ id: 'menubar.toggle', run: () => void (settings.current.menuBar = !settings.current.menuBar) })
  registerAction({ id: 'data.reveal', run: async () => void (await useBackend().call('reveal_data_folder', {})) })
}
