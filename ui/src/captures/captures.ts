/** The files that terminals are written to and the recordings that are played, as the engine last told them. */
import { defineStore } from 'pinia'
import { ref, shallowReactive } from 'vue'
import { t } from '../i18n'
import { problemText } from '../i18n/problem'
import { sentences } from '../i18n/format'
import { useBackend, type CaptureView, type PlaybackCommand, type PlaybackView, type TerminalId } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { useWindows } from '../windows/windows'
import { runAction } from '../workspace/actions'

export type CaptureKind = 'transcript' | 'recording'

export const useCaptures = defineStore('captures', () => {
  const captures = shallowReactive(new Map<TerminalId, CaptureView>())
  const playbacks = shallowReactive(new Map<TerminalId, PlaybackView>())
  const notices = useNotices()
  const windows = useWindows()
  /** The file that was recorded last in this run. */
  const lastRecording = ref<string | null>(null)

  function showCapture(view: CaptureView): void {
    const before = captures.get(view.id)
    if (before?.recording && view.recording === null) lastRecording.value = before.recording
    if (view.transcript === null && view.recording === null) captures.delete(view.id)
    else captures.set(view.id, view)
    // Said once, where the person is.
    if (!windows.isFront) return
    const { problem } = view
    if (problem) {
      const said = () => {
        const { text, fix } = problemText(problem)
        return sentences(text, fix)
      }
      notices.toast(said, { tone: 'bad', action: openFolder })
    } else if (before?.recording && view.recording === null) {
      notices.toast(() => t('sources.recording.saved', { file: fileName(before.recording) }), { action: playIt })
    }
  }

  function showPlayback(view: PlaybackView): void {
    playbacks.set(view.id, view)
  }

  function showAll(allCaptures: CaptureView[], allPlaybacks: PlaybackView[]): void {
    captures.clear()
    playbacks.clear()
    allCaptures.forEach(showCapture)
    allPlaybacks.forEach(showPlayback)
  }

  function of(id: TerminalId | undefined): CaptureView | undefined {
    return id === undefined ? undefined : captures.get(id)
  }

  function playbackOf(id: TerminalId | undefined): PlaybackView | undefined {
    return id === undefined ? undefined : playbacks.get(id)
  }

  /** Begins what is not under way, and ends what is. */
  async function toggle(id: TerminalId, kind: CaptureKind): Promise<void> {
    const on = !captures.get(id)?.[kind]
    await useBackend().call(kind === 'transcript' ? 'terminal_transcript' : 'terminal_record', { id, on })
    const path = captures.get(id)?.[kind]
    if (on && path) notices.toast(() => t(`sources.${kind}.begun`, { file: fileName(path) }), { action: openFolder })
  }

  async function play(id: TerminalId, command: PlaybackCommand): Promise<void> {
    await useBackend().call('playback', { id, command })
  }

  return { captures, playbacks, lastRecording, showCapture, showPlayback, showAll, of, playbackOf, toggle, play }
})

const playIt = { label: () => t('sources.recording.play'), run: () => void runAction('recording.playLast') }

const openFolder = {
  label: () => t('sources.openFolder'),
  run: () => attempt(() => useBackend().call('reveal_capture_folder', {})),
}

export function fileName(path: string | null): string {
  return path?.split(/[/\\]/).at(-1) ?? ''
}
