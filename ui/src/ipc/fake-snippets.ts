/** The snippets of the fake engine. */
import { problem } from './fake-problem'
import type { Commands, Snippet, SnippetDraft, SnippetEntry, SnippetId } from './generated'

type Handlers = {
  [Name in Extract<keyof Commands, `snippet${string}`>]: (args: Commands[Name]['args']) => Commands[Name]['result']
}

const entryOf = ({ id, name, text, pressEnter }: Snippet): SnippetEntry => ({
  id,
  name,
  pressEnter,
  beginning: text.slice(0, 160).replace(/\s+/g, ' ').trim(),
  lines: text.split('\n').length,
})

export function fakeSnippets(): Handlers {
  const kept = new Map<SnippetId, Snippet>()
  const deleted = new Map<SnippetId, Snippet>()
  let next = 1

  function find(id: SnippetId): Snippet {
    const snippet = kept.get(id)
    if (!snippet) throw problem('snippet-not-found', { snippet: id })
    return snippet
  }

  function put(id: SnippetId, draft: SnippetDraft): Snippet {
    const name = draft.name.trim()
    const refuse = (reason: string) => problem('snippet-invalid', { reason }, 'fix')
    if (name === '') throw refuse('no-name')
    if (draft.text.trim() === '') throw refuse('no-text')
    if ([...kept.values()].some((other) => other.name === name && other.id !== id)) throw refuse('name-taken')
    const snippet = { ...draft, name, id }
    kept.set(id, snippet)
    return snippet
  }

  return {
    snippets: ({ search }) =>
      [...kept.values()]
        .filter(({ name, text }) => `${name} ${text}`.toLowerCase().includes(search.trim().toLowerCase()))
        .sort((a, b) => a.name.localeCompare(b.name))
        .map(entryOf),
    snippet: ({ id }) => find(id),
    snippet_create: ({ draft }) => put(`snippet-${next++}`, draft),
    snippet_update: ({ id, draft }) => put(find(id).id, draft),
    snippet_delete: ({ id }) => {
      deleted.set(id, find(id))
      kept.delete(id)
      return null
    },
    snippet_restore: ({ id }) => put(id, deleted.get(id) ?? find(id)),
  }
}
