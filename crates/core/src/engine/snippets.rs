//! Snippets, as the window asks for them.

use super::Engine;
use crate::error::Result;
use crate::snippet::{Snippet, SnippetDraft, SnippetEntry, SnippetId};

impl Engine {
    /// Those that a search finds in name or text, by name; an empty one finds all.
    ///
    /// # Errors
    /// The file of saved hosts cannot be read.
    pub async fn snippets(&self, search: String) -> Result<Vec<SnippetEntry>> {
        self.inner.store.snippets(search).await
    }

    /// # Errors
    /// [`ErrorCode::SnippetNotFound`](crate::error::ErrorCode::SnippetNotFound).
    pub async fn snippet(&self, id: SnippetId) -> Result<Snippet> {
        self.inner.store.snippet(id).await
    }

    /// # Errors
    /// [`ErrorCode::SnippetInvalid`](crate::error::ErrorCode::SnippetInvalid), and those of the file of saved hosts.
    pub async fn snippet_create(&self, draft: SnippetDraft) -> Result<Snippet> {
        self.inner.store.create_snippet(draft).await
    }

    /// # Errors
    /// See [`Engine::snippet_create`].
    pub async fn snippet_update(&self, id: SnippetId, draft: SnippetDraft) -> Result<Snippet> {
        self.inner.store.update_snippet(id, draft).await
    }

    /// # Errors
    /// [`ErrorCode::SnippetNotFound`](crate::error::ErrorCode::SnippetNotFound), and those of the file of saved hosts.
    pub async fn snippet_delete(&self, id: SnippetId) -> Result<()> {
        self.inner.store.delete_snippet(id).await
    }

    /// Undoes a deletion of this run.
    ///
    /// # Errors
    /// See [`Engine::snippet_create`].
    pub async fn snippet_restore(&self, id: SnippetId) -> Result<Snippet> {
        self.inner.store.restore_snippet(id).await
    }
}
