/** What dropping does, by keys: files of this computer go to where the terminal in front is. */
import { useBackend, type TerminalId } from '../ipc'
import { isHost } from '../terminal/targets'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { useDrop } from './drop'

/** Call within a scope: the actions end with it. */
export function registerDropActions(): void {
  const workspace = useWorkspace()
  const drop = useDrop()

  function front(): TerminalId | undefined {
    const session = workspace.active?.session
    return session && isHost(session.hostId) && session.state.value.state === 'running' ? session.id : undefined
  }

  const register = (id: string, keys: string, pick: 'pick_files_to_send' | 'pick_folders_to_send') =>
    registerAction({
      id,
      keys,
      enabled: () => front() !== undefined,
      run: async () => {
        const terminal = front()
        if (terminal !== undefined) await drop.upload(terminal, await useBackend().call(pick, {}))
      },
    })
  register('drop.files', 'Mod+Shift+Alt+9', 'pick_files_to_send')
  register('drop.folders', 'Mod+Shift+Alt+0', 'pick_folders_to_send')
}
