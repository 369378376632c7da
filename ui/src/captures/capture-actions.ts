/** The actions on local shells, transcripts, recordings and files that go through a terminal. */
import { useBackend } from '../ipc'
import { useTransfers } from '../transfers/transfers'
import { isRecording, LOCAL_ID, recordingId } from '../terminal/targets'
import { registerAction } from '../workspace/actions'
import { useWorkspace } from '../workspace/workspace'
import { useCaptures, type CaptureKind } from './captures'
import { changeSpeed, playOrPause, step } from './playback-keys'
import type { PlaybackCommand, PlaybackState } from '../ipc'

/** Call within a scope (the workspace's component): the actions end with it. */
export function registerCaptureActions(): void {
  const workspace = useWorkspace()
  const captures = useCaptures()
  const transfers = useTransfers()
  const id = () => workspace.active?.session.terminalId.value
  const playback = () => captures.playbackOf(id())
  /** A recording is a file already. */
  const canCapture = () =>
    id() !== undefined && workspace.active?.session.ended === false && !isRecording(workspace.active.hostId)

  registerAction({ id: 'local.open', keys: 'Mod+Shift+Alt+M', run: () => void workspace.openHost(LOCAL_ID) })
  registerAction({
    id: 'recording.open',
    keys: 'Mod+Shift+Alt+O',
    run: async () => {
      const path = await useBackend().call('pick_recording', {})
      if (path !== null) workspace.openHost(recordingId(path))
    },
  })

  registerAction({
    id: 'recording.playLast',
    enabled: () => captures.lastRecording !== null,
    run: () => void (captures.lastRecording !== null && workspace.openHost(recordingId(captures.lastRecording))),
  })

  const toggle = (kind: CaptureKind, keys: string) =>
    registerAction({
      id: `${kind}.toggle`,
      keys,
      enabled: canCapture,
      run: async () => {
        const terminal = id()
        if (terminal !== undefined) await captures.toggle(terminal, kind)
      },
    })
  toggle('transcript', 'Mod+Shift+Alt+L')
  toggle('recording', 'Mod+Shift+Alt+R')
  registerAction({ id: 'capture.reveal', run: async () => void (await useBackend().call('reveal_capture_folder', {})) })
  registerAction({ id: 'capture.folder', run: async () => void (await useBackend().call('pick_capture_folder', {})) })

  const transfer = () => transfers.of(id())
  registerAction({
    id: 'transfer.accept',
    keys: 'Mod+Shift+Alt+Y',
    enabled: () => transfer()?.phase === 'offered',
    run: async () => {
      const offered = transfer()
      if (offered) await transfers.accept(offered)
    },
  })
  registerAction({
    id: 'transfer.cancel',
    keys: 'Mod+Shift+Alt+N',
    enabled: () => transfer() !== undefined,
    run: async () => {
      const now = transfer()
      if (now) await transfers.cancel(now.id)
    },
  })

  const play = (name: string, keys: string, command: (now: PlaybackState) => PlaybackCommand) =>
    registerAction({
      id: `playback.${name}`,
      keys,
      enabled: () => playback() !== undefined,
      run: async () => {
        const now = playback()
        if (now) await captures.play(now.id, command(now))
      },
    })
  // In a row, as on a recorder.
  play('toggle', 'Mod+Shift+Alt+2', playOrPause)
  play('forward', 'Mod+Shift+Alt+3', (now) => step(now, 1))
  play('back', 'Mod+Shift+Alt+1', (now) => step(now, -1))
  play('faster', 'Mod+Shift+Alt+5', (now) => changeSpeed(now, 1))
  play('slower', 'Mod+Shift+Alt+4', (now) => changeSpeed(now, -1))
}
