//! Reasons why a file was not read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file that was not read, and the reason. Contains nothing from the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{}`: {reason}", path.display())]
pub struct ReadError {
    pub path: PathBuf,
    pub reason: UnreadableReason,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnreadableReason {
    Missing,
    /// A link with a missing target.
    DeadLink,
    Folder,
    /// Named description of any other file that is not regular.
    Special(&'static str),
    /// Outside the project.
    Outside {
        real: PathBuf,
    },
    /// Belongs to the operating system.
    System {
        real: PathBuf,
    },
    /// In the git folder.
    Repository {
        real: PathBuf,
    },
    Permission,
    TooLarge {
        limit: u64,
    },
    /// Text in UTF-16, or a file with zero bytes.
    Utf16,
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },
    /// Any other error, as reported by the operating system.
    Other(String),
}

impl ReadError {
    pub(super) fn new(path: &Path, reason: UnreadableReason) -> Self {
        Self { path: path.to_owned(), reason }
    }

    /// Whether the file does not exist. An existing file that cannot be read does not count.
    pub fn is_missing(&self) -> bool {
        self.reason == UnreadableReason::Missing
    }
}

impl UnreadableReason {
    /// How to make the file readable.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing => "check the path",
            Self::DeadLink => "restore the target of the link, or remove the link",
            Self::Folder | Self::Special(_) => "replace it with a regular file",
            Self::Outside { .. } => {
                "copy the file into the project, or allow its folder with `--allow-files-in DIR` on the command line"
            }
            Self::System { .. } => {
                "such files describe running processes and are never read; write the value to a regular file"
            }
            Self::Repository { .. } => {
                "git's own folder may contain access tokens and is never read; keep the file elsewhere"
            }
            Self::Permission => "give the user that runs sindri permission to read it",
            Self::TooLarge { .. } => "check that this is the right file",
            Self::Utf16 | Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::Other(_) => "check the path and the disk",
        }
    }
}

impl fmt::Display for UnreadableReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(formatter, "there is no such file"),
            Self::DeadLink => write!(formatter, "it is a broken link"),
            Self::Folder => write!(formatter, "it is a folder"),
            Self::Special(kind) => write!(formatter, "it is {kind}"),
            Self::Outside { real } => write!(formatter, "it is outside the project, at `{}`", real.display()),
            Self::System { real } => write!(formatter, "`{}` belongs to the operating system", real.display()),
            Self::Repository { real } => write!(formatter, "`{}` belongs to git", real.display()),
            Self::Permission => write!(formatter, "permission denied"),
            Self::TooLarge { limit } => write!(formatter, "it is larger than {}", size(*limit)),
            Self::Utf16 => write!(formatter, "it is not UTF-8 text; it looks like UTF-16 or binary data"),
            Self::NotUtf8 { line } => write!(formatter, "line {line} is not UTF-8 text"),
            Self::Other(error) => write!(formatter, "{error}"),
        }
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..0x400 => format!("{bytes} bytes"),
        0x400..0x10_0000 => format!("{} KiB", bytes / 0x400),
        _ => format!("{} MiB", bytes / 0x10_0000),
    }
}

impl From<io::Error> for UnreadableReason {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Permission,
            io::ErrorKind::IsADirectory => Self::Folder,
            _ => Self::Other(error.to_string()),
        }
    }
}
