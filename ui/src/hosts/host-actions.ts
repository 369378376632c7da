/** What the sidebar's menu, its keys and the palette do with a host, with the messages that follow. */
import { useConnections } from '../connections/connections'
import { useDialogs } from '../dialogs'
import { t } from '../i18n'
import type { Host } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { aliasOf, hostName, useHosts } from './hosts'

export function useHostActions() {
  const hosts = useHosts()
  const notices = useNotices()
  const dialogs = useDialogs()
  const connections = useConnections()

  function edit(host: Host): void {
    if (hosts.canEdit(host.id)) dialogs.show({ kind: 'host-edit', id: host.id })
  }

  const duplicate = (host: Host) =>
    attempt(async () => {
      const copy = await hosts.duplicate(host.id)
      hosts.selectedId = copy.id
      notices.toast(() => t('hosts.duplicated', { host: hostName(copy) }))
    })

  const remove = (host: Host) =>
    attempt(async () => {
      if (!hosts.canEdit(host.id)) return
      const open = connections.of(host.id).terminals > 0
      await hosts.remove(host.id)
      notices.toast(() => t(open ? 'hosts.deletedOpen' : 'hosts.deleted', { host: hostName(host) }), {
        action: { label: () => t('buttons.undo'), run: () => restore(host) },
      })
    })

  const restore = (host: Host) =>
    attempt(async () => {
      await hosts.restore(host.id)
      hosts.selectedId = host.id
      notices.toast(() => t('hosts.restored', { host: hostName(host) }))
    })

  const move = (host: Host, group: string) =>
    attempt(async () => {
      if (host.group === group) return
      await hosts.move(host.id, group)
      notices.toast(() => t(group ? 'hosts.moved' : 'hosts.movedOut', { host: hostName(host), group }))
    })

  function moveToNewGroup(host: Host): void {
    dialogs.show({ kind: 'host-group', id: host.id })
  }

  /** A host of ssh_config, to be kept and edited here: the import of this one alone. */
  function saveCopy(host: Host): void {
    dialogs.show({ kind: 'import', alias: aliasOf(host) })
  }

  function installKey(host: Host): void {
    dialogs.show({ kind: 'install-key', id: host.id })
  }

  const disconnect = (host: Host) => attempt(() => connections.disconnect(host.id))

  const retry = (host: Host) => attempt(() => connections.retry(host.id))
  const giveUp = (host: Host) => attempt(() => connections.giveUp(host.id))

  return { edit, duplicate, remove, move, moveToNewGroup, saveCopy, installKey, disconnect, retry, giveUp }
}
