//! The workspace that outlives the app: which tabs were open and where they lay, and what each terminal showed.
//!
//! `document.rs` is what the window knows (layout, tabs), `files.rs` where that lies, `sealed.rs` what terminals showed:
//! it may hold anything that a person saw, so it is encrypted with a key that lies in the OS keyring and nowhere else.
//! `windows.rs` knows which tab lies in which window.

pub mod document;
pub mod files;
pub mod sealed;
pub mod windows;
