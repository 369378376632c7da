//! Files on hosts: sessions, what their failures mean, and what the files panel of the window asks for.

pub mod bookmarks;
mod carried;
pub mod change;
pub mod edit;
pub mod elevated;
mod here;
pub mod kept;
pub mod listing;
pub mod look;
pub mod measure;
pub mod path_text;
pub mod place;
pub mod problem;
pub mod row;
pub mod session;
pub mod trash;
pub mod tree;
pub mod work;
