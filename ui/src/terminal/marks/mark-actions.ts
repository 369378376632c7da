/** Actions on the commands of the active terminal. */
import { t } from '../../i18n'
import { registerAction } from '../../workspace/actions'
import type { Keys } from '../../workspace/keys'
import type { TerminalSession } from '../session'
import type { Command } from './command-marks'
import { copyOutput, selectOutput } from './mark-work'

/** Call within a scope: the actions end with it. */
export function registerMarkActions(active: () => TerminalSession | undefined): void {
  const marksOf = (session: TerminalSession | undefined) => session?.surface.marks
  const register = (id: string, keys: Keys, run: (session: TerminalSession, meant: Command) => void | Promise<void>) =>
    registerAction({
      id,
      keys,
      enabled: () => (marksOf(active())?.marks.commands.length ?? 0) > 0,
      run: () => {
        const session = active()
        const meant = marksOf(session)?.steps.meant
        if (session && meant) return run(session, meant)
      },
    })
  const step = (session: TerminalSession, by: 1 | -1) => {
    const { steps } = session.surface.marks
    steps.step(by)
    session.markSaid.value = steps.current ? session.surface.marks.nameOf(steps.current) : t('marks.atPrompt')
  }

  register('marks.previous', { mac: 'Cmd+ArrowUp', other: 'Ctrl+Shift+ArrowUp' }, (session) => step(session, -1))
  register('marks.next', { mac: 'Cmd+ArrowDown', other: 'Ctrl+Shift+ArrowDown' }, (session) => step(session, 1))
  register('marks.menu', { mac: 'Cmd+Alt+K', other: 'Ctrl+Shift+Alt+K' }, (session, meant) => {
    session.surface.marks.steps.show(meant)
    // Once it is drawn where it is now.
    requestAnimationFrame(() => requestAnimationFrame(() => (session.markMenu.value = meant)))
  })
  register('marks.copyOutput', { mac: 'Cmd+Shift+C', other: 'Ctrl+Shift+Alt+C' }, copyOutput)
  register('marks.selectOutput', { mac: 'Cmd+Alt+E', other: 'Ctrl+Shift+Alt+E' }, selectOutput)
}
