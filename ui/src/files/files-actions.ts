/** The actions of the files panel: on the folder that is shown, and on what is chosen in it. */
import { useDrawer } from '../drawer/drawer'
import { useSettings } from '../settings/settings'
import { usePanes } from '../panes/panes'
import { LOCAL_ID } from '../terminal/targets'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { copyOut } from './copy-out'
import { useFiles } from './files'
import { download, paste, upload } from './jobs'
import { copyPaths } from './list-keys'
import type { Panel } from './panel'
import { isHere } from './place'

/** Call within a scope (the root component): the actions end with it. */
export function registerFilesActions(): void {
  const files = useFiles()
  const drawer = useDrawer()
  const settings = useSettings()
  const workspace = useWorkspace()
  const panes = usePanes()

  const shown = () => (drawer.shown === 'files' || panes.active !== undefined ? files.front : null)
  const isShown = () => shown() !== null
  const hasChosen = () => (shown()?.selection.chosen.value.size ?? 0) > 0
  const onPanel = (work: (panel: Panel) => unknown) => async () => {
    const panel = shown()
    if (panel) await work(panel)
  }
  const onHost = () => workspace.activeHostId !== null || workspace.active?.hostId === LOCAL_ID

  registerAction({
    id: 'files.goTo',
    keys: 'Mod+Shift+Alt+G',
    enabled: () => onHost() || panes.active !== undefined,
    run: () => {
      if (panes.active === undefined) drawer.show('files')
      files.wanted = { what: 'path' }
    },
  })
  registerAction({
    id: 'files.filter',
    enabled: isShown,
    run: () => {
      files.wanted = { what: 'filter' }
    },
  })
  registerAction({ id: 'files.home', enabled: isShown, run: onPanel((panel) => panel.go('')) })
  registerAction({ id: 'files.up', enabled: isShown, run: onPanel((panel) => panel.up()) })
  registerAction({ id: 'files.reload', enabled: isShown, run: onPanel((panel) => panel.reload()) })
  registerAction({
    id: 'files.newFolder',
    enabled: isShown,
    run: onPanel((panel) => (panel.making.value = 'folder')),
  })
  registerAction({ id: 'files.newFile', enabled: isShown, run: onPanel((panel) => (panel.making.value = 'file')) })
  registerAction({
    id: 'files.upload',
    enabled: isShown,
    run: onPanel((panel) => upload(panel.hostId, panel.path.value, false)),
  })
  registerAction({
    id: 'files.download',
    enabled: hasChosen,
    run: onPanel((panel) => download(panel.hostId, panel.chosenPaths())),
  })
  registerAction({
    id: 'files.copyOut',
    enabled: () => hasChosen() && !isHere(shown()?.hostId ?? LOCAL_ID),
    run: onPanel((panel) => copyOut(panel.hostId, panel.chosenPaths())),
  })
  registerAction({
    id: 'files.paste',
    enabled: () => isShown() && files.clipped !== null,
    run: onPanel((panel) => paste(panel.hostId, panel.path.value)),
  })
  registerAction({ id: 'files.copyPath', enabled: hasChosen, run: onPanel((panel) => copyPaths(panel.chosenPaths())) })
  registerAction({
    id: 'files.hidden',
    enabled: isShown,
    run: () => void (settings.current.files.hidden = !settings.current.files.hidden),
  })
  registerAction({
    id: 'files.preview',
    enabled: isShown,
    run: () => void (settings.current.files.preview = !settings.current.files.preview),
  })
  registerAction({
    id: 'files.follow',
    enabled: onHost,
    run: () => {
      const tab = workspace.activeId
      if (tab !== null) files.follow(tab, !files.following.has(tab))
    },
  })
  registerAction({
    id: 'files.bookmark',
    enabled: isShown,
    run: onPanel((panel) => {
      const marked = files.bookmarks.get(panel.hostId)?.includes(panel.path.value) ?? false
      return files.setBookmark(panel.hostId, panel.path.value, !marked)
    }),
  })
}
