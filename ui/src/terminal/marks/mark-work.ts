/** What can be done with a command, from its menu or by a key. */
import { t } from '../../i18n'
import { useBackend } from '../../ipc'
import { useNotices } from '../../notices/notices'
import type { TerminalSession } from '../session'
import type { Command } from './command-marks'

export async function copyCommand(session: TerminalSession, command: Command): Promise<void> {
  const text = session.surface.marks.marks.text(command)
  if (text !== '') await useBackend().writeClipboard(text)
}

/** Says so when there is nothing to copy: the clipboard would silently be what it was. */
export async function copyOutput(session: TerminalSession, command: Command): Promise<void> {
  const text = session.surface.marks.marks.output(command)
  if (text !== '') return await useBackend().writeClipboard(text)
  useNotices().toast(() => t('marks.wroteNothing'))
}

export function selectOutput(session: TerminalSession, command: Command): void {
  if (!session.surface.marks.steps.selectOutput(command)) useNotices().toast(() => t('marks.wroteNothing'))
}

/** Puts it at the prompt. The person presses Enter. */
export async function runAgain(session: TerminalSession, command: Command): Promise<void> {
  const text = session.surface.marks.marks.text(command)
  if (text !== '') await session.paste(text)
}
