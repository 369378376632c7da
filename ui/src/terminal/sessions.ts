/** Every open session: the engine's news about terminals and changes of the settings are led to them. */
import { watch } from 'vue'
import { useBackend, type HostId, type Stop, type TerminalView } from '../ipc'
import { useSettings } from '../settings/settings'
import { platform } from '../workspace/platform'
import { TerminalDirectory } from './directory'
import { detectScreenReader, usesScreenReader } from './screen-reader'
import { TerminalSession } from './session'

const directory = new TerminalDirectory()
const sessions = new Set<TerminalSession>()

/** Call once at the start. */
export async function followTerminals(): Promise<Stop> {
  const settings = useSettings()
  const unwatch = watch(
    // An answer about a screen reader comes late and is one more reason.
    () => ({ look: { ...settings.current }, reader: usesScreenReader(settings.current.screenReader) }),
    ({ look: current }) => sessions.forEach((session) => session.apply(current)),
  )
  const unwatchLines = watch(
    () => settings.current.scrollback,
    (lines) =>
      void useBackend()
        .call('terminal_scrollback', { lines })
        .catch(() => {}),
    { immediate: true },
  )
  const unwatchPictures = watch(
    () => settings.current.pictures,
    (shown) =>
      void useBackend()
        .call('terminal_pictures', { shown })
        .catch(() => {}),
    { immediate: true },
  )
  void detectScreenReader()
  const stop = await useBackend().onEvent((event) => {
    if (event.type !== 'terminal') return
    const { id, hostId: _, title, bells, ...state } = event.data
    directory.show(id, state, { title, bells })
  })
  return () => {
    unwatch()
    unwatchLines()
    unwatchPictures()
    stop()
  }
}

export function openSession(hostId: HostId): TerminalSession {
  const session = new TerminalSession(hostId, useSettings().current, platform, directory)
  sessions.add(session)
  return session
}

/** Shows a terminal that there is. */
export function showTerminal(view: TerminalView): TerminalSession {
  const session = new TerminalSession(view.hostId, useSettings().current, platform, directory, view)
  sessions.add(session)
  return session
}

/** Another window shows its terminal from now on. */
export function leaveSession(session: TerminalSession): void {
  sessions.delete(session)
  session.leave()
}

export function closeSession(session: TerminalSession): void {
  sessions.delete(session)
  session.dispose()
}
