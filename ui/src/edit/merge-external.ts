/** What another program made of a file beside what is on the server, in a tab of the window. */
import { t } from '../i18n'
import { useBackend, type ExternalEdit } from '../ipc'
import { useNotices } from '../notices/notices'
import { useEdits } from './edits'
import { useExternals } from './externals'

/** The copy here stays, and is watched no more. */
export async function mergeExternal(edit: ExternalEdit): Promise<void> {
  const externals = useExternals()
  const mine = await useBackend().call('file_edit_copy', { id: edit.id })
  const name = externals.nameOf(edit)
  if (mine === null) return useNotices().toast(() => t('edit.not.binary', { name }))
  await useEdits().openFile(edit.hostId, edit.path.path, mine.text)
  await externals.answer(edit, { kind: 'stop', keep: true })
  useNotices().toast(() => t('edit.external.kept', { name, folder: edit.folder }))
}
