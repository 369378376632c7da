/** Actions on the file that is being changed, and on the one that is chosen in the files panel. */
import { useDrawer } from '../drawer/drawer'
import { useFiles } from '../files/files'
import { t } from '../i18n'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { registerAction } from '../workspace/actions'
import type { Edit } from './edit'
import { useEdits } from './edits'
import { useExternals } from './externals'

/** Call within a scope (the root component): the actions end with it. */
export function registerEditActions(): void {
  const edits = useEdits()
  const files = useFiles()
  const drawer = useDrawer()
  const isOpen = () => edits.active !== undefined
  const canSave = () => edits.active !== undefined && !edits.active.readOnly
  const onEdit = (work: (edit: Edit) => unknown) => async () => {
    if (edits.active) await work(edits.active)
  }
  const chosen = () => {
    const panel = drawer.shown === 'files' ? files.front : null
    const rows = panel?.selection.chosenRows.value ?? []
    return panel && rows.length === 1 && rows[0] && !rows[0].isFolder ? { panel, path: panel.pathOf(rows[0]) } : undefined
  }

  void attempt(() => edits.lookForDrafts())

  registerAction({ id: 'edit.save', keys: 'Mod+S', enabled: canSave, run: onEdit((edit) => edit.save()) })
  registerAction({
    id: 'edit.saveAs',
    enabled: canSave,
    run: onEdit((edit) => (edits.copying = edit.tabId)),
  })
  registerAction({ id: 'edit.find', enabled: isOpen, run: onEdit((edit) => edit.surface.value?.find()) })
  registerAction({ id: 'edit.reload', enabled: isOpen, run: onEdit((edit) => edit.reload()) })
  registerAction({
    id: 'edit.compare',
    enabled: canSave,
    run: onEdit(async (edit) => {
      await edit.look()
      const now = edit.bar.value
      if (now === null) useNotices().toast(() => t('edit.changedNone', { name: edit.name.value }))
      else if (now.kind === 'conflict' && now.there.kind === 'text') edit.compare(now.there.words.text)
    }),
  })
  registerAction({
    id: 'edit.open',
    keys: 'Mod+Shift+F4',
    enabled: () => chosen() !== undefined,
    run: async () => {
      const one = chosen()
      if (one) await edits.openFile(one.panel.hostId, one.path)
    },
  })
  registerAction({
    id: 'edit.external',
    enabled: () => chosen() !== undefined,
    run: async () => {
      const one = chosen()
      if (one) await useExternals().open(one.panel.hostId, one.path)
    },
  })
}
