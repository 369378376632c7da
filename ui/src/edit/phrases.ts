/** What CodeMirror says, in the language of the window. */
import { t } from '../i18n'

const PHRASES = {
  Find: 'find',
  Replace: 'replaceWith',
  next: 'next',
  previous: 'previous',
  all: 'all',
  'match case': 'matchCase',
  regexp: 'regexp',
  'by word': 'byWord',
  replace: 'replace',
  'replace all': 'replaceAll',
  close: 'close',
  'current match': 'currentMatch',
  'on line': 'onLine',
  'replaced match on line $': 'replacedOn',
  'replaced $ matches': 'replacedMany',
  'Go to line': 'goToLine',
  go: 'go',
  'Control character': 'control',
  'Selection deleted': 'selectionDeleted',
  'Folded lines': 'foldedLines',
  'Unfolded lines': 'unfoldedLines',
  to: 'to',
  'folded code': 'foldedCode',
  unfold: 'unfold',
  'Fold line': 'foldLine',
  'Unfold line': 'unfoldLine',
  '$ unchanged lines': 'unchanged',
} as const

export function phrases(): Record<string, string> {
  return Object.fromEntries(Object.entries(PHRASES).map(([said, key]) => [said, t(`edit.search.${key}`)]))
}
