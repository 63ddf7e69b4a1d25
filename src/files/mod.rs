//! Files: reading those of a project, writing those that a person names, and pointing into their text.
//!
//! A pull request controls the names and links in a checkout, so every read has a [`Boundary`] where one applies, a size
//! limit, and never blocks: only regular files are read. Errors say what is wrong and never quote the content.

mod boundary;
mod error;
mod read;
mod source;
mod write;

pub use boundary::Boundary;
pub use error::{ReadError, Reason};
pub use read::{LARGEST, irregular, read_bytes, read_text};
pub use source::{SourceText, floor};
#[cfg(test)]
pub(crate) use write::fussy::Fussy;
pub use write::{Target, create_new, folder, open_lock, target, write, write_all, write_unflushed};
