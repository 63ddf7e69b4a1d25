//! The configuration of an import, kept under another name until the state is written. A draft beside a state without a
//! configuration means that the import stopped between the two, and can be completed.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::config::{self, LARGEST, LoadOptions};
use crate::files::read_text;
use crate::model::{Address, State};
use crate::resource::members;

const PREFIX: &str = ".sindri-import-";
const SUFFIX: &str = ".yaml";

/// A configuration on disk under another name, until everything else is written.
pub struct DraftFile(tempfile::NamedTempFile);

impl DraftFile {
    pub fn beside(base: &Path, text: &str) -> Result<Self, Failure> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        // Temporary files are private by default. The configuration gets ordinary permissions.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let written = builder.tempfile_in(folder(base)).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        });
        written.map(Self).map_err(|error| {
            let message = format!("cannot write next to `{}`: {error}", base.display());
            Failure::message(Exit::Error, FailureCode::CannotWrite, message, Some("nothing was changed".into()))
        })
    }

    /// Gives the draft its final name; never replaces an existing file.
    pub fn publish(self, base: &Path) -> Result<(), Failure> {
        self.0.persist_noclobber(base).map(drop).map_err(|refused| {
            let message = format!("cannot write `{}`: {}", base.display(), refused.error);
            let kept = refused.file.keep().map(|(_, path)| format!("the configuration is in `{}`", path.display()));
            let help = kept.unwrap_or_else(|_| "run `sindri import --all` again".to_owned());
            Failure::message(
                Exit::Error,
                FailureCode::CannotWrite,
                message,
                Some(format!("{help}; the declared objects are recorded")),
            )
        })
    }
}

/// The text of a draft that declares exactly the recorded resources, in the project `name` if given.
pub fn left_behind(base: &Path, prior: &State, name: Option<&str>, options: &LoadOptions<'_>) -> Option<String> {
    let recorded: BTreeSet<&Address> = prior.resources.keys().filter(|address| !members::is_member(address)).collect();
    if recorded.is_empty() {
        return None;
    }
    all(base).into_iter().find_map(|path| {
        let text = read_text(&path, None, LARGEST).ok()?;
        let config = config::check_text(base, &text, options).ok()?;
        let declared: BTreeSet<&Address> =
            config.resources.keys().filter(|address| !members::is_member(address)).collect();
        (declared == recorded && name.is_none_or(|name| name == config.name)).then_some(text)
    })
}

/// Removes drafts of stopped imports. Only the lock's holder may call this, because the draft of a running import has
/// the same kind of name.
pub fn clear(base: &Path) {
    for path in all(base) {
        // A draft that cannot be removed is harmless.
        let _ = fs::remove_file(path);
    }
}

fn all(base: &Path) -> Vec<PathBuf> {
    let is_draft = |name: &str| name.starts_with(PREFIX) && name.ends_with(SUFFIX);
    let entries = fs::read_dir(folder(base)).into_iter().flatten().flatten();
    let drafts = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_draft));
    drafts.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| entry.path()).collect()
}

fn folder(base: &Path) -> &Path {
    base.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
