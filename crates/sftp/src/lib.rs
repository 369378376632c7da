#![doc = include_str!("../README.md")]

mod attributes;
mod download;
mod driver;
mod error;
mod extended;
mod extensions;
mod file;
mod frame;
mod handle;
mod listing;
mod name;
mod paths;
mod pending;
mod reply;
mod request;
mod serve;
mod sftp;
mod small;
mod upload;
mod wire;

pub use attributes::{Attributes, FileKind, Owner, Times};
pub use download::{Download, WINDOW_BYTES};
pub use error::{Doing, Ended, Error, ErrorKind, Lost, Result, Violation};
pub use extended::OwnerNames;
pub use extensions::{Extensions, Limits, Space};
pub use file::File;
pub use frame::FRAME_MAX_BYTES;
pub use listing::{Entry, Listed, Listing};
pub use name::{FileName, NAME_MAX_BYTES, NameError, PATH_MAX_BYTES, SftpPath, Visible};
pub use pending::IN_FLIGHT_MAX;
pub use request::Access;
pub use serve::{Entries, FileSystem, OpenFor, serve};
pub use sftp::Sftp;
pub use small::Stored;
pub use upload::Upload;
