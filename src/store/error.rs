//! Errors in stored files, and errors while writing them.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use miette::{Diagnostic, LabeledSpan};

use super::holder::Holder;
use crate::files::SourceText;
use crate::model::credential::mask_credentials;

/// A stored file cannot be used, read or written. Cloneable, because callers that share a write share its error.
#[derive(Clone, Debug, thiserror::Error, Diagnostic)]
pub enum StoreError {
    /// Another command that changes resources or the state is running (exit code 4).
    #[error("the state is locked by {holder}{}", waited_for(waited))]
    #[diagnostic(
        code(sindri::state::locked),
        help(
            "wait until it ends, or pass `--lock-timeout 5m`; the lock is released when its process ends (`{}`)",
            path.display()
        )
    )]
    Locked { path: PathBuf, holder: Box<Holder>, waited: Duration },

    /// A file of the state is not a plain file, or is a link that leads elsewhere.
    #[error("`{}` {what}", path.display())]
    #[diagnostic(
        code(sindri::state::not_plain),
        help(
            "sindri keeps its state, lock and journal in ordinary files without links, and follows no link out of \
             the project. Remove it, copy the file there, or select the real file with `--state FILE`. Nothing was \
             read or written"
        )
    )]
    NotPlain { path: PathBuf, what: String },

    #[error("files under `{}` cannot be locked", parent(path).display())]
    #[diagnostic(
        code(sindri::state::locks_unsupported),
        help(
            "its file system has no advisory locks, so two runs could interfere with each other; keep the state on a \
             local disk, or select one with `--state FILE`"
        )
    )]
    LocksUnsupported { path: PathBuf, source: Arc<io::Error> },

    #[error(transparent)]
    #[diagnostic(transparent)]
    Damaged(Box<DamagedFile>),

    #[error(
        "`{}` has format version {found}; this version of sindri reads up to {newest}",
        path.display()
    )]
    #[diagnostic(code(sindri::state::newer), help("a newer sindri wrote it. Update sindri. The file was not changed"))]
    Newer { path: PathBuf, found: u64, newest: u32 },

    /// The file belongs to another environment or API (exit code 3).
    #[error("`{}` was created for the {what} `{found}`, not for `{expected}`", path.display())]
    #[diagnostic(
        code(sindri::state::wrong_world),
        help(
            "its ids are not valid elsewhere; {}, or select another file with `--state FILE`. The file was not changed",
            selecting(what, found, path)
        )
    )]
    WrongWorld {
        path: PathBuf,
        /// `environment` or `API`.
        what: &'static str,
        found: String,
        expected: String,
    },

    #[error(
        "`{}` belongs to another state (lineage `{journal_lineage}`) than `{}` (lineage `{state_lineage}`)",
        journal.display(),
        state.display()
    )]
    #[diagnostic(
        code(sindri::state::foreign_journal),
        help(
            "the state file was replaced while requests were recorded here. Restore the one with lineage \
             `{journal_lineage}`, or move the journal away if you do not need it. Neither file was changed"
        )
    )]
    ForeignJournal { state: PathBuf, state_lineage: String, journal: PathBuf, journal_lineage: String },

    /// The state file changed after it was loaded, for example through a checkout or an editor.
    #[error("`{}` was changed by another program while this command ran", path.display())]
    #[diagnostic(
        code(sindri::state::swapped),
        help("nothing was overwritten; the journal still records every request{}", saved_at(rescued))
    )]
    Swapped { path: PathBuf, rescued: Option<PathBuf> },

    /// The records contradict each other, so the file could not be read again.
    #[error("the state was not written to `{}`: {}", path.display(), listed(problems))]
    #[diagnostic(
        code(sindri::state::contradiction),
        help(
            "the journal holds everything, and the state file was not changed; remove one record of each \
             contradiction with `sindri state rm`, which may take several runs"
        )
    )]
    Contradiction { path: PathBuf, problems: Vec<FileProblem> },

    #[error("`{}` kept changing while it was read", path.display())]
    #[diagnostic(code(sindri::state::changing), help("an apply is writing it continuously; try again in a moment"))]
    Changing { path: PathBuf },

    #[error("no permission to {action} `{}`", path.display())]
    #[diagnostic(
        code(sindri::state::not_permitted),
        help(
            "`{}` must be writable for the user that runs sindri; commands that only read need read permission",
            parent(path).display()
        )
    )]
    NotPermitted { action: &'static str, path: PathBuf, source: Arc<io::Error> },

    #[error("cannot {action} `{}`: it is read-only", path.display())]
    #[diagnostic(
        code(sindri::state::read_only),
        help(
            "make it writable, or keep the state elsewhere with `--state FILE`; `plan`, `drift` and `status` only read"
        )
    )]
    ReadOnly { action: &'static str, path: PathBuf, source: Arc<io::Error> },

    #[error("cannot {action} `{}`: the disk is full", path.display())]
    #[diagnostic(
        code(sindri::state::disk_full),
        help(
            "free some space and run the command again; the journal still holds every request that was sent, and the \
             next run resolves them"
        )
    )]
    DiskFull { action: &'static str, path: PathBuf, source: Arc<io::Error> },

    #[error("cannot {action} `{}`: its folder no longer exists", path.display())]
    #[diagnostic(
        code(sindri::state::vanished),
        help("the folder was moved or deleted while sindri ran; restore it{}", saved_at(rescued))
    )]
    Vanished { action: &'static str, path: PathBuf, rescued: Option<PathBuf>, source: Arc<io::Error> },

    #[error("cannot {action} `{}`", path.display())]
    #[diagnostic(code(sindri::state::io), help("check the disk and the path, then run the command again"))]
    Io { action: &'static str, path: PathBuf, source: Arc<io::Error> },
}

impl StoreError {
    /// The variant for a failed system call. `action` completes "cannot ... `path`".
    pub(super) fn io(action: &'static str, path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        let kind = error.kind();
        let source = Arc::new(error);
        match kind {
            io::ErrorKind::PermissionDenied => Self::NotPermitted { action, path, source },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { action, path, source },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { action, path, source },
            io::ErrorKind::NotFound => Self::Vanished { action, path, rescued: None, source },
            _ => Self::Io { action, path, source },
        }
    }
}

/// One problem of a stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    pub message: String,
    /// The bytes of the file that show it, if known.
    pub at: Option<Range<usize>>,
}

/// A file that was refused and not changed, with all its problems.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{}` cannot be used: {}", .path.display(), .places.join("; "))]
pub struct DamagedFile {
    pub path: PathBuf,
    pub problems: Vec<FileProblem>,
    /// One text per problem, with line and column.
    pub places: Vec<String>,
    help: &'static str,
    text: SourceText,
}

impl DamagedFile {
    pub(super) fn new(path: &Path, text: &str, problems: Vec<FileProblem>, help: &'static str) -> Self {
        let places = problems
            .iter()
            .map(|problem| match &problem.at {
                Some(at) => {
                    let (line, column) = line_and_column(text, at.start);
                    format!("line {line}, column {column}: {}", problem.message)
                }
                None => problem.message.clone(),
            })
            .collect();
        let text = SourceText::new(path.display().to_string(), mask_credentials(text));
        Self { path: path.to_owned(), problems, places, help, text }
    }
}

impl Diagnostic for DamagedFile {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new("sindri::state::damaged"))
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(self.help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.problems.iter().filter_map(|problem| {
            let at = problem.at.clone()?;
            Some(LabeledSpan::new(Some(problem.message.clone()), at.start, at.len()))
        })))
    }
}

impl From<DamagedFile> for StoreError {
    fn from(damage: DamagedFile) -> Self {
        Self::Damaged(Box::new(damage))
    }
}

/// Line and column, counted from 1. Columns count characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The folder that contains a path.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn waited_for(waited: &Duration) -> String {
    if waited.is_zero() { String::new() } else { format!(" (waited {} s)", waited.as_secs()) }
}

fn saved_at(rescued: &Option<PathBuf>) -> String {
    match rescued {
        Some(path) => format!("; the state as this command knew it was saved to `{}`", path.display()),
        None => String::new(),
    }
}

fn listed(problems: &[FileProblem]) -> String {
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// The option that selects the environment or API of a file. An environment without an overlay is selected by the
/// file's name.
fn selecting(what: &str, found: &str, path: &Path) -> String {
    match what {
        "environment" => format!("use `-e {found} --state {}`", path.display()),
        _ => format!("select the {what} `{found}`"),
    }
}
