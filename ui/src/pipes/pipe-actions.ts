/** Pipes between hosts by keys and the palette. */
import { useHosts } from '../hosts/hosts'
import { attempt } from '../notices/attempt'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { canAdd, emptyCard } from './form'
import { usePipes } from './pipes'

/** Call within a scope (the root component): the actions end with it. */
export function registerPipeActions(): void {
  const hosts = useHosts()
  const pipes = usePipes()
  const workspace = useWorkspace()
  void attempt(() => pipes.load())

  registerAction({
    id: 'pipes.open',
    keys: 'Mod+Shift+F7',
    run: () => pipes.openNew(workspace.activeHostId ?? hosts.selectedId),
  })
  registerAction({
    id: 'pipes.run',
    keys: 'Mod+Enter',
    enabled: () => pipes.canRun(pipes.active),
    run: async () => {
      if (pipes.active) await pipes.run(pipes.active)
    },
  })
  registerAction({
    id: 'pipes.stop',
    keys: 'Mod+Shift+F10',
    enabled: () => pipes.isRunning(pipes.active),
    run: async () => {
      if (pipes.active) await pipes.stop(pipes.active)
    },
  })
  registerAction({
    id: 'pipes.add',
    keys: 'Mod+Shift+F9',
    enabled: () => pipes.active !== undefined && pipes.active.editing.value && canAdd(pipes.active.form),
    run: () => {
      pipes.active?.form.commands.push(emptyCard())
    },
  })
}
