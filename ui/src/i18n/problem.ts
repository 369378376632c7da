/** A problem of the engine in the person's language: what was tried on what and why it failed, and what to do. */
import type { Problem } from '../ipc'
import { i18n, t } from '.'

export interface ProblemText {
  /** Two or three words, for a row. */
  short: string
  text: string
  fix: string
}

export function problemText(problem: Problem): ProblemText {
  const key = `errors.${problem.code}`
  // A newer engine may know a code that this catalogue does not: its own English is better than nothing.
  if (!i18n.global.te(`${key}.text`, 'en')) return { short: problem.code, text: problem.message, fix: '' }
  const reasonKey = `${key}.reasons.${problem.params['reason'] ?? ''}`
  // Some codes have a message for each reason; one that is not known here gets the code's own.
  const said = i18n.global.te(`${reasonKey}.text`, 'en') ? reasonKey : key
  // What to do may be the same for all of them.
  const advised = i18n.global.te(`${reasonKey}.fix`, 'en') ? reasonKey : key
  return {
    short: t(`${key}.short`),
    text: t(`${said}.text`, { cause: problem.message, ...problem.params }),
    fix: t(`${advised}.fix`, problem.params),
  }
}
