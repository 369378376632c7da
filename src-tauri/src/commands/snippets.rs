//! Texts that are kept to be typed again.

use bowline_core::snippet::{Snippet, SnippetDraft, SnippetEntry, SnippetId};

super::engine_commands! {
    /// Those that a search finds in name or text, by name; an empty one finds all.
    snippets(search: String) -> Vec<SnippetEntry>;
    /// One with its whole text.
    snippet(id: SnippetId) -> Snippet;
    snippet_create(draft: SnippetDraft) -> Snippet;
    snippet_update(id: SnippetId, draft: SnippetDraft) -> Snippet;
    snippet_delete(id: SnippetId) -> ();
    /// Brings one back that was deleted in this run (undo).
    snippet_restore(id: SnippetId) -> Snippet;
}
