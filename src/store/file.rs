//! The state file: its bytes, what is refused in them, and how a file is replaced so that no kill can tear it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::kind;
use crate::model::state::STATE_FORMAT_VERSION;
use crate::model::{Address, State};

use super::error::{Damage, Problem, StoreError, parent};
use super::migrate::{self, Unreadable};
use super::outline::{Place, outline};

/// Where a damaged state file comes from, most likely.
const REPAIR: &str = "the file was left as it is; bring back the last good one from version control, or repair it by hand and check it with `sindri state verify`";
const UNFINISHED_MERGE: &str =
    "finish git's merge: keep both sides' resources, remove the markers, then run `sindri state verify`";

/// Reads a state. `path` is for messages.
///
/// Refused, all problems together and each with its place: text that is no JSON, keys that stand twice, words and
/// addresses that this version does not know, two records of one object, and `depends_on` that name no record.
pub fn parse_state(bytes: &[u8], path: &Path) -> Result<State, StoreError> {
    let damaged = |text: &str, problems, help| Err(Damage::new(path, text, problems, help).into());
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let text = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let end = text.len();
            return damaged(
                &text,
                vec![Problem { message: "not UTF-8 from here on".into(), at: Some(end..end) }],
                REPAIR,
            );
        }
    };
    let markers = conflict_markers(text);
    if !markers.is_empty() {
        return damaged(text, markers, UNFINISHED_MERGE);
    }
    let document = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return damaged(text, vec![from_serde(text, &error)], REPAIR),
    };
    let version = match migrate::version(&document, STATE_FORMAT_VERSION) {
        Ok(version) => version,
        Err(Unreadable::Newer(found)) => {
            return Err(StoreError::Newer { path: path.to_owned(), found, newest: STATE_FORMAT_VERSION });
        }
        Err(Unreadable::Unknown(message)) => return damaged(text, vec![Problem { message, at: None }], REPAIR),
    };
    let places = outline(text);
    let doubles = doubled_keys(&places);
    if !doubles.is_empty() {
        return damaged(text, doubles, REPAIR);
    }
    let state = match migrate::state(text, version) {
        Ok(state) => state,
        Err(error) => return damaged(text, vec![from_serde(text, &error)], REPAIR),
    };
    let problems = contradictions(&state, &|path| find(&places, path));
    if problems.is_empty() { Ok(state) } else { damaged(text, problems, REPAIR) }
}

/// The bytes of a state: sorted, indented by two, one line per scalar, a newline at the end.
pub fn state_bytes(state: &State) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(state).expect("a state has only text keys");
    bytes.push(b'\n');
    bytes
}

/// What no state file may hold although its shape is right. `place` finds the bytes of a path within the file.
pub(super) fn contradictions(state: &State, place: &dyn Fn(&[&str]) -> Option<Range<usize>>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut owners: BTreeMap<(&str, &str), &Address> = BTreeMap::new();
    for (address, record) in &state.resources {
        let name = address.to_string();
        let mut refuse = |field: &[&str], message: String| {
            let path = [&["resources", name.as_str()], field].concat();
            problems.push(Problem { message, at: place(&path) });
        };
        if record.kind != address.kind {
            refuse(&["kind"], format!("`{address}` is recorded as a `{}`", record.kind));
        } else if kind::find(&record.kind).is_none() {
            refuse(&["kind"], format!("this version of sindri knows no kind `{}`", record.kind));
        }
        if let Some(other) = owners.insert((&record.kind, &record.id), address) {
            refuse(&["id"], format!("`{address}` and `{other}` are both `{}`", record.id));
        }
        for (index, dependency) in record.depends_on.iter().enumerate() {
            if !state.resources.contains_key(dependency) {
                let message = format!("`{address}` depends on `{dependency}`, which is not in the state");
                refuse(&["depends_on", &index.to_string()], message);
            }
        }
    }
    problems
}

fn find(places: &[Place], path: &[&str]) -> Option<Range<usize>> {
    places.iter().find(|place| place.path == path).map(|place| place.at.clone())
}

/// Keys that stand twice in one mapping; serde would keep the last one in silence.
fn doubled_keys(places: &[Place]) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    places
        .iter()
        .filter(|place| place.is_key && !seen.insert(&place.path))
        .map(|place| Problem {
            message: format!("`{}` stands here a second time", place.path.last().map_or("", String::as_str)),
            at: Some(place.at.clone()),
        })
        .collect()
}

/// Lines that git leaves where it could not merge.
fn conflict_markers(text: &str) -> Vec<Problem> {
    let mut start = 0;
    let mut problems = Vec::new();
    for line in text.split_inclusive('\n') {
        // JSON never begins a line with any of them.
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker)) {
            let at = Some(start..start + line.trim_end().len());
            problems.push(Problem { message: "a marker of an unfinished merge".into(), at });
        }
        start += line.len();
    }
    problems
}

/// serde's message without its place, which the problem carries itself.
fn from_serde(text: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message).to_owned();
    // Line 0: an error without a place. The column counts bytes, and the one before the place is the last one read.
    let at = (line > 0).then(|| {
        let line_start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let mut start = (line_start + column.saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        start..start
    });
    Problem { message, at }
}

/// What was asked of the disk, for tests that hold the store to its promises.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    pub fsyncs: u64,
    pub bytes: u64,
}

/// The content of a file, or `None` where there is none.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path, error)),
    }
}

/// Replaces a file whole, durably: whoever reads it, and whenever the machine stops, finds the old bytes or the new.
pub(super) fn replace(path: &Path, bytes: &[u8], meter: &mut Meter) -> Result<(), StoreError> {
    write_beside(path, bytes, meter).map_err(|error| StoreError::io("write", path, error))
}

fn write_beside(path: &Path, bytes: &[u8], meter: &mut Meter) -> io::Result<()> {
    // A rename onto a symbolic link would replace the link, not the file that it stands for.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = parent(path);
    let mut builder = tempfile::Builder::new();
    let prefix = temporary_prefix(path);
    builder.prefix(&prefix).suffix(TEMPORARY_SUFFIX);
    let permissions = fs::metadata(path).map(|metadata| metadata.permissions()).ok();
    // Temporary files are private by default; this one becomes an ordinary file of a repository.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temporary = builder.tempfile_in(folder)?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)?;
    meter.bytes += bytes.len() as u64;
    meter.fsyncs += 2;
    Ok(())
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows cannot open a folder for this and makes names durable by itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

const TEMPORARY_SUFFIX: &str = ".tmp";

fn temporary_prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what killed writers of `path` left beside it. Only the lock's holder may: a living writer's file looks the same.
pub(super) fn remove_leftovers(path: &Path) {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let prefix = temporary_prefix(path);
    // Leftovers harm nobody, so failing to remove them is no error.
    for entry in fs::read_dir(parent(path)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(TEMPORARY_SUFFIX)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Saves bytes that must not be lost where they belong neither: beside `path`, else among the computer's temporary files.
pub(super) fn rescue(path: &Path, bytes: &[u8], meter: &mut Meter) -> Option<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}.rescued-{}.json", std::process::id());
    [parent(path).join(&name), std::env::temp_dir().join(&name)]
        .into_iter()
        .find(|candidate| write_beside(candidate, bytes, meter).is_ok())
}

/// Whether a path still leads to an open file, rather than to nothing or to another one.
pub(super) fn leads_to(path: &Path, file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(named), Ok(open)) = (fs::metadata(path), file.metadata()) else { return false };
        (named.dev(), named.ino()) == (open.dev(), open.ino())
    }
    // Elsewhere an open file cannot be deleted or exchanged.
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}
