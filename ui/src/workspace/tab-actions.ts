/** Actions on the active tab's facts and place, and on the size of its pane. */
import { useDialogs } from '../dialogs'
import { registerAction, type Action } from './actions'
import { usePalette } from './palette'
import { TAB_COLOURS } from './tab-facts'
import { useWorkspace } from './workspace'

/** About five columns or two rows of text. */
const RESIZE_PX = 40

/** Call within a scope (the workspace's component): the actions end with it. */
export function registerTabActions(): void {
  const workspace = useWorkspace()
  const palette = usePalette()
  const dialogs = useDialogs()
  const open = () => workspace.active !== undefined
  const split = () => workspace.paneCount > 1
  const register = (
    id: string,
    mac: string | undefined,
    other: string | undefined,
    run: Action['run'],
    more: Partial<Action> = {},
  ) => registerAction({ id, run, enabled: open, ...(mac && other ? { keys: { mac, other } } : {}), ...more })
  const onActive = (work: (id: string) => void) => () => {
    if (workspace.activeId !== null) work(workspace.activeId)
  }

  register('tab.menu', 'Cmd+Shift+M', 'Ctrl+Shift+M', () => workspace.openMenuOfActive())
  register(
    'tab.pin',
    'Cmd+Alt+P',
    'Ctrl+Shift+Alt+P',
    onActive((id) => workspace.setPinned(id, !workspace.pinned.has(id))),
  )
  register(
    'tab.duplicate',
    undefined,
    undefined,
    onActive((id) => workspace.duplicate(id)),
  )
  register(
    'tab.closeOthers',
    undefined,
    undefined,
    onActive((id) => workspace.closeOthers(id)),
    {
      enabled: () => workspace.others('all').length > 0,
    },
  )
  register(
    'tab.closeRight',
    undefined,
    undefined,
    onActive((id) => workspace.closeRight(id)),
    {
      enabled: () => workspace.others('right').length > 0,
    },
  )
  register('tab.list', 'Cmd+Alt+L', 'Ctrl+Shift+Alt+U', () => palette.show('tabs'))
  register('tab.toNextPane', 'Cmd+Shift+]', 'Ctrl+Shift+PageDown', () => workspace.moveToPane(1), { enabled: split })
  register('tab.toPreviousPane', 'Cmd+Shift+[', 'Ctrl+Shift+PageUp', () => workspace.moveToPane(-1), { enabled: split })

  register(
    'tab.colour.none',
    undefined,
    undefined,
    onActive((id) => workspace.setColour(id, null)),
    {
      enabled: () => workspace.activeId !== null && workspace.colours.has(workspace.activeId),
    },
  )
  for (const colour of TAB_COLOURS)
    register(
      `tab.colour.${colour}`,
      undefined,
      undefined,
      onActive((id) => workspace.setColour(id, colour)),
    )

  registerAction({
    id: 'highlights.open',
    keys: 'Mod+Shift+Alt+H',
    run: () => dialogs.show({ kind: 'highlights' }),
  })

  register('pane.splitLeft', 'Cmd+Alt+D', 'Ctrl+Shift+Alt+D', () => workspace.openBeside('left'))
  register('pane.splitUp', 'Cmd+Shift+Alt+D', 'Ctrl+Shift+Alt+S', () => workspace.openBeside('up'))
  const resize = (id: string, arrow: string, width: number, height: number) =>
    register(id, `Ctrl+Cmd+${arrow}`, `Ctrl+Shift+Alt+${arrow}`, () => workspace.resizePane(width, height), {
      enabled: split,
      repeats: true,
    })
  resize('pane.wider', 'ArrowRight', RESIZE_PX, 0)
  resize('pane.narrower', 'ArrowLeft', -RESIZE_PX, 0)
  resize('pane.taller', 'ArrowDown', 0, RESIZE_PX)
  resize('pane.shorter', 'ArrowUp', 0, -RESIZE_PX)
}
