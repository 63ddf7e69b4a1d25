//! The folders whose files a configuration may name.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::error::{ReadError, UnreadableReason};

/// Pseudo file systems. Their files expose the environment and memory of processes.
const SYSTEM_FOLDERS: [&str; 2] = ["/proc", "/sys"];
/// Git's own folder. CI systems store access tokens in its configuration.
const REPOSITORY_FOLDER: &str = ".git";

/// The project folder, plus the folders that the command line allows.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// Real paths: no links, no `..`.
    folders: Vec<PathBuf>,
}

impl Boundary {
    /// The boundary of the project that contains `folder`: the surrounding git repository, or `folder` itself if there
    /// is none. Files below `allowed` may also be read.
    pub fn around(folder: &Path, allowed: &[PathBuf]) -> Self {
        let folder = real_path(folder);
        let repository = folder.ancestors().find(|above| above.join(REPOSITORY_FOLDER).exists());
        let project = repository.map_or(folder.clone(), Path::to_path_buf);
        Self { folders: std::iter::once(project).chain(allowed.iter().map(|path| real_path(path))).collect() }
    }

    /// Checks that the file at `path` is inside, after following links. It need not exist.
    ///
    /// # Errors
    /// The reason why it may not be read.
    pub fn check_path(&self, path: &Path) -> Result<(), ReadError> {
        self.check(&real_path(path)).map_err(|reason| ReadError::new(path, reason))
    }

    /// Checks that a real path is inside and not in the git folder.
    ///
    /// # Errors
    /// The reason why it may not be read.
    pub fn check(&self, real: &Path) -> Result<(), UnreadableReason> {
        if is_system(real) {
            return Err(UnreadableReason::System { real: real.to_owned() });
        }
        let Some(below) = self.folders.iter().find_map(|folder| real.strip_prefix(folder).ok()) else {
            return Err(UnreadableReason::Outside { real: real.to_owned() });
        };
        if below.components().any(|part| is_repository_folder(part.as_os_str())) {
            return Err(UnreadableReason::Repository { real: real.to_owned() });
        }
        Ok(())
    }
}

/// Some file systems ignore case.
fn is_repository_folder(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(REPOSITORY_FOLDER)
}

/// Whether a real path is below a pseudo file system.
pub(super) fn is_system(real: &Path) -> bool {
    SYSTEM_FOLDERS.iter().any(|folder| real.starts_with(folder))
}

/// The path without links and `..`. Its last components need not exist; a `..` after a missing component removes that
/// component.
pub fn real_path(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut real = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => real.push(part),
        }
        real = fs::canonicalize(&real).unwrap_or(real);
    }
    real
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_repository_is_inside_and_its_git_folder_is_not() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("repository/infra");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir(top.path().join("repository/.git")).unwrap();
        let boundary = Boundary::around(&folder, &[]);
        let check = |name: &str| boundary.check(&real_path(&top.path().join(name)));
        for inside in ["repository/infra/a", "repository/a", "repository/infra/../a", "repository/.github/a"] {
            assert!(check(inside).is_ok(), "{inside}");
        }
        for outside in ["a", "repository/../a", "repository-2/a"] {
            assert!(matches!(check(outside), Err(UnreadableReason::Outside { .. })), "{outside}");
        }
        for git in ["repository/.git/config", "repository/.GIT/config"] {
            assert!(matches!(check(git), Err(UnreadableReason::Repository { .. })), "{git}");
        }
    }

    #[test]
    fn missing_components_do_not_escape_the_boundary() {
        let top = tempfile::tempdir().unwrap();
        for name in ["project/sub", "keys/below"] {
            fs::create_dir_all(top.path().join(name)).unwrap();
        }
        symlink(top.path().join("keys/below"), top.path().join("project/linked")).unwrap();
        let boundary = Boundary::around(&top.path().join("project"), &[]);
        let project = fs::canonicalize(top.path()).unwrap().join("project");
        for (inside, real) in [
            ("none/a", "none/a"),
            ("none/../a", "a"),
            ("none/./more/../../sub/../a", "a"),
            ("none/../sub/..", ""),
            ("sub/../none/a", "none/a"),
        ] {
            assert_eq!(real_path(&project.join(inside)), project.join(real), "{inside}");
            assert!(boundary.check_path(&project.join(inside)).is_ok(), "{inside}");
        }
        for outside in [
            "none/../../keys/a",
            "none/../..",
            "none/more/../../../none",
            "linked/none",
            "linked/../a",
            "none/../linked/a",
        ] {
            let checked = boundary.check_path(&project.join(outside)).map_err(|error| error.reason);
            assert!(matches!(checked, Err(UnreadableReason::Outside { .. })), "{outside}: {checked:?}");
        }
        let git = boundary.check_path(&project.join("none/../.git/config")).map_err(|error| error.reason);
        assert!(matches!(git, Err(UnreadableReason::Repository { .. })), "{git:?}");
    }

    #[test]
    fn without_a_repository_the_folder_is_the_project_and_more_can_be_allowed() {
        let top = tempfile::tempdir().unwrap();
        for name in ["project", "keys"] {
            fs::create_dir(top.path().join(name)).unwrap();
        }
        symlink(top.path().join("keys"), top.path().join("project/linked")).unwrap();
        let real = |name: &str| real_path(&top.path().join(name));
        let alone = Boundary::around(&top.path().join("project"), &[]);
        assert!(alone.check(&real("project/a")).is_ok());
        assert!(matches!(alone.check(&real("project/linked/a")), Err(UnreadableReason::Outside { .. })));
        let wider = Boundary::around(&top.path().join("project"), &[top.path().join("keys")]);
        assert!(wider.check(&real("project/linked/a")).is_ok());
        let everything = Boundary::around(top.path(), &["/".into()]);
        assert!(everything.check(Path::new("/etc/hostname")).is_ok());
        for system in ["/proc/self/environ", "/sys/kernel/notes"] {
            assert!(matches!(everything.check(Path::new(system)), Err(UnreadableReason::System { .. })), "{system}");
        }
    }
}
