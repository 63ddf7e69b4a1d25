//! Reads project files, writes files named by the user, and locates positions in their text.
//!
//! A pull request controls the names and links in a checkout. Reads therefore stay within a [`Boundary`] where one
//! applies, have a size limit, and never block, because only regular files are read. Errors describe the problem and
//! never quote file content.

mod boundary;
mod error;
mod read;
mod source;
mod write;

pub use boundary::{Boundary, real_path};
pub use error::{ReadError, UnreadableReason};
pub use read::{LARGEST, irregular, read_bytes, read_text};
pub use source::{SourceText, floor};
#[cfg(test)]
pub(crate) use write::fussy::Fussy;
pub use write::{WriteTarget, create_new, folder, open_regular, target, write, write_all, write_unflushed};
