//! Checks that the files of a state are plain files with one name each.
//!
//! The state file may be a link within the project. Its lock and journal are then beside the link's target, so that
//! both names share them. Every other link is refused, because anyone who can create one could make sindri overwrite
//! any file.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use crate::files::{self, Boundary};

use super::error::{StoreError, parent};
use super::paths::Paths;

impl Paths {
    /// The files of the state at `path`, which may be a link to a file in the same folder or inside `boundary`. The
    /// folder itself may be outside only if the user named it.
    pub fn resolved(path: &Path, boundary: &Boundary, named: bool) -> Result<Self, StoreError> {
        let real = |path: &Path| {
            let here = path.as_os_str().is_empty();
            fs::canonicalize(if here { Path::new(".") } else { path }).ok()
        };
        let folder = real(parent(path));
        if let Some(Err(reason)) = folder.as_ref().filter(|_| !named).map(|folder| boundary.check(folder)) {
            return Err(StoreError::NotPlain {
                path: parent(path).to_owned(),
                what: format!("cannot be used: {reason}"),
            });
        }
        if !fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            return Ok(Self::of_state(path));
        }
        let refuse = |what: String| Err(StoreError::NotPlain { path: path.to_owned(), what });
        let Some(target) = real(path) else { return refuse("is a broken link".into()) };
        let is_beside = named && folder.as_deref() == target.parent();
        match boundary.check(&target) {
            Err(reason) if !is_beside => refuse(format!("is a link that cannot be followed: {reason}")),
            _ => Ok(Self::of_state(&target)),
        }
    }

    /// Refuses everything except plain files before opening it. Opening a pipe would block forever.
    pub(super) fn check_to_read(&self) -> Result<(), StoreError> {
        self.each(kind_of)
    }

    /// The same check before writing. Also refuses a file with a second hard link: a write would replace only one of
    /// the names, and each name would have its own lock.
    pub(super) fn check_to_write(&self) -> Result<(), StoreError> {
        self.each(|path, found| {
            let names = names(found);
            kind_of(path, found).or_else(|| (names > 1).then(|| format!("has {names} hard links")))
        })
    }

    fn each(&self, wrong: impl Fn(&Path, &Metadata) -> Option<String>) -> Result<(), StoreError> {
        for path in [&self.lock, &self.journal, &self.state] {
            let found = match fs::symlink_metadata(path) {
                Ok(found) => found,
                // Problems with the folder are reported when the file is opened.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(StoreError::io("read", path, error)),
            };
            if let Some(what) = wrong(path, &found) {
                return Err(StoreError::NotPlain { path: path.clone(), what });
            }
        }
        Ok(())
    }
}

/// Describes what is there instead of a plain file.
fn kind_of(path: &Path, found: &Metadata) -> Option<String> {
    match fs::read_link(path) {
        Ok(target) => Some(format!("is a link to `{}`", target.display())),
        Err(_) => files::irregular(found).map(|kind| format!("is {kind}")),
    }
}

fn names(found: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::nlink(found)
    }
    // Other systems can tell only from an open file.
    #[cfg(not(unix))]
    {
        let _ = found;
        1
    }
}
