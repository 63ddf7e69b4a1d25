//! What stands under the names of a state's files: plain files, reached by one name.
//!
//! The state file may be a link within the project. Its lock and journal then lie beside the file that it leads to, so that
//! both names share them. Every other link is refused: whoever can put one there could have sindri overwrite any file.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::files;

use super::error::{StoreError, parent};
use super::read::Paths;

impl Paths {
    /// The files of the state at `path`, which may be a link to a file in the same folder or below `project`. The folder
    /// itself may lead out of the project only where a person named it.
    pub fn resolved(path: &Path, project: &Path, named: bool) -> Result<Self, StoreError> {
        let real = |path: &Path| {
            let here = path.as_os_str().is_empty();
            fs::canonicalize(if here { Path::new(".") } else { path }).ok()
        };
        let (folder, project) = (real(parent(path)), real(project));
        let is_below = |path: &Path, top: &Option<PathBuf>| top.as_ref().is_some_and(|top| path.starts_with(top));
        if let Some(folder) = folder.as_ref().filter(|folder| !named && !is_below(folder, &project)) {
            let what = format!("leads out of the project, to `{}`", folder.display());
            return Err(StoreError::NotPlain { path: parent(path).to_owned(), what });
        }
        if !fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            return Ok(Self::of_state(path));
        }
        let refuse = |what: String| Err(StoreError::NotPlain { path: path.to_owned(), what });
        let Some(target) = real(path) else { return refuse("is a link that leads nowhere".into()) };
        if is_below(&target, &project) || folder.as_deref() == target.parent() {
            return Ok(Self::of_state(&target));
        }
        refuse(format!("is a link that leads out of the project, to `{}`", target.display()))
    }

    /// Refuses what is no plain file, before it is opened: a pipe would never answer.
    pub(super) fn check_to_read(&self) -> Result<(), StoreError> {
        self.each(kind_of)
    }

    /// The same before writing. A file with a second name is refused, too: what is written would reach one of the names
    /// only, and each of them would have a lock of its own.
    pub(super) fn check_to_write(&self) -> Result<(), StoreError> {
        self.each(|path, found| {
            let names = names(found);
            kind_of(path, found).or_else(|| (names > 1).then(|| format!("has {names} names (hard links)")))
        })
    }

    fn each(&self, wrong: impl Fn(&Path, &Metadata) -> Option<String>) -> Result<(), StoreError> {
        for path in [&self.lock, &self.journal, &self.state] {
            let found = match fs::symlink_metadata(path) {
                Ok(found) => found,
                // Whatever is the matter with the folder is told by those who open the file.
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

/// What stands there in place of a plain file.
fn kind_of(path: &Path, found: &Metadata) -> Option<String> {
    match fs::read_link(path) {
        Ok(target) => Some(format!("is a link to `{}`", target.display())),
        Err(_) => files::irregular(found).map(str::to_owned),
    }
}

fn names(found: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::nlink(found)
    }
    // Elsewhere it takes an open file to tell.
    #[cfg(not(unix))]
    {
        let _ = found;
        1
    }
}
