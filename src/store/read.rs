//! Reading: a state file with its journal folded in, without taking the lock and without writing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::files::Boundary;
use crate::model::{Entry, Moment, PendingIntents, Replay, State};
use crate::resource::{Folding, flaws, repaired};

use super::error::{FileProblem, StoreError};
use super::file;
use super::file::{parse_as_written, parse_state, read_if_there};
use super::holder::Holder;
use super::journal::{self, Contents};
use super::lock::running;
use super::paths::{Identity, Paths};

/// The files on disk at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// With the journal folded in. If nothing was ever recorded, it is empty and its lineage (the id of a state) is new.
    pub state: State,
    /// Requests of earlier runs, or of a current one, whose outcome is unknown. Oldest first.
    pub pending: PendingIntents,
    /// See [`Replay::last_create`].
    pub last_create: Option<Moment>,
    /// The command that is changing the state now.
    pub running: Option<Holder>,
}

/// Reads the state for a command that changes nothing. Takes no lock, writes nothing.
pub fn read(paths: &Paths, identity: &Identity<'_>) -> Result<Snapshot, StoreError> {
    paths.check_to_read()?;
    let running = running(paths)?;
    let Replay { state, pending, last_create } = consistent(paths, identity)?;
    Ok(Snapshot { state, pending, last_create, running })
}

/// The environment and the API for which the files of `paths` were made; `None` if there are no files.
pub fn made_for(paths: &Paths) -> Result<Option<(String, String)>, StoreError> {
    paths.check_to_read()?;
    if let Some(bytes) = read_if_there(&paths.state)? {
        let State { environment, api, .. } = parse_state(&bytes, &paths.state)?;
        return Ok(Some((environment, api)));
    }
    let journal = read_if_there(&paths.journal)?.unwrap_or_default();
    match journal::parse(&journal, &paths.journal)?.entries.into_iter().next() {
        Some(Entry::Begin { environment, api, .. }) => Ok(Some((environment, api))),
        _ => Ok(None),
    }
}

/// The state of one environment, from [`found_in`].
#[derive(Debug)]
pub struct FoundState {
    /// The environment, according to the file names.
    pub environment: String,
    pub paths: Paths,
    /// An error if the files cannot be used.
    pub snapshot: Result<Snapshot, StoreError>,
}

impl FoundState {
    /// Whether anything may exist because of it: a record, a request without an outcome, or files that cannot be read.
    pub fn records_something(&self) -> bool {
        match &self.snapshot {
            Ok(Snapshot { state, pending, .. }) => !state.resources.is_empty() || !pending.is_empty(),
            Err(_) => true,
        }
    }
}

/// All states in a folder, by environment. A folder that is missing or cannot be listed has none. Follows links only
/// inside `boundary`.
pub fn found_in(folder: &Path, boundary: &Boundary) -> Vec<FoundState> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let environments: BTreeSet<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let stem = name.strip_suffix(".json").or_else(|| name.strip_suffix(".journal"))?;
            // Rescued states and sandbox worlds have a dot in their names; environments never do.
            (!stem.is_empty() && !stem.contains('.')).then(|| stem.to_owned())
        })
        .collect();
    let found = |environment: String| {
        let named = folder.join(format!("{environment}.json"));
        let paths = match Paths::resolved(&named, boundary, false) {
            Ok(paths) => paths,
            Err(error) => {
                return Some(FoundState { environment, paths: Paths::of_state(&named), snapshot: Err(error) });
            }
        };
        let snapshot = made_for(&paths)
            .transpose()?
            .and_then(|(environment, api)| read(&paths, &Identity { environment: &environment, api: &api }));
        Some(FoundState { environment, paths, snapshot })
    };
    environments.into_iter().filter_map(found).collect()
}

/// Reads the state like [`read`], and also refuses what reading would repair, with its place in the file.
pub fn verify(paths: &Paths, identity: &Identity<'_>) -> Result<Snapshot, StoreError> {
    let snapshot = read(paths, identity)?;
    if let Some(bytes) = read_if_there(&paths.state)? {
        file::verify(&bytes, &paths.state)?;
    }
    let flaws = flaws(&snapshot.state);
    if !flaws.is_empty() {
        let problems = flaws.iter().map(|flaw| FileProblem { message: flaw.to_string(), at: None }).collect();
        return Err(StoreError::Contradiction { path: paths.state.clone(), problems });
    }
    Ok(snapshot)
}

/// How often, and at what interval, a reader retries if a writer interferes: one second in total. An apply mostly waits
/// for RunPod, so a fraction of that is enough.
const ATTEMPTS: u32 = 1000;
const PAUSE: Duration = Duration::from_millis(1);

/// A state file and its journal that match, even if a writer is active.
fn consistent(paths: &Paths, identity: &Identity<'_>) -> Result<Replay, StoreError> {
    // A writer replaces the state and then resets the journal. If the journal is the same before and after reading the
    // state, no reset happened in between, and either state file fits it, since folding is idempotent.
    for _ in 0..ATTEMPTS {
        let before = read_if_there(&paths.journal)?;
        let state = read_if_there(&paths.state)?;
        let after = read_if_there(&paths.journal)?;
        if before == after {
            let state = state.map(|bytes| parse_as_written(&bytes, &paths.state)).transpose()?;
            let mut journal = journal::parse(after.as_deref().unwrap_or_default(), &paths.journal)?;
            return replayed(paths, identity, state, &mut journal);
        }
        sleep(PAUSE);
    }
    Err(StoreError::Changing { path: paths.state.clone() })
}

/// The files on disk.
#[derive(Debug)]
pub(super) struct Loaded {
    pub replay: Replay,
    /// The state file alone, if there was one.
    pub file: Option<FileContents>,
    pub journal: Contents,
}

/// A state file as read.
#[derive(Debug)]
pub(super) struct FileContents {
    pub state: State,
    pub digest: [u8; 32],
}

/// Identifies the bytes of a file.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl Loaded {
    /// Reads both files, for the holder of the lock.
    pub fn from_disk(paths: &Paths, identity: &Identity<'_>) -> Result<Self, StoreError> {
        let file = match read_if_there(&paths.state)? {
            Some(bytes) => {
                Some(FileContents { state: parse_as_written(&bytes, &paths.state)?, digest: digest(&bytes) })
            }
            None => None,
        };
        let mut journal = journal::parse(&read_if_there(&paths.journal)?.unwrap_or_default(), &paths.journal)?;
        let written = file.as_ref().map(|file| file.state.clone());
        Ok(Self { replay: replayed(paths, identity, written, &mut journal)?, file, journal })
    }
}

/// The state of the file with the journal folded in. A journal about another state is emptied.
fn replayed(
    paths: &Paths,
    identity: &Identity<'_>,
    file: Option<State>,
    journal: &mut Contents,
) -> Result<Replay, StoreError> {
    if let Some(state) = &file {
        identity.check(&paths.state, &state.environment, &state.api)?;
    }
    if journal.is_about_another(file.as_ref(), identity) {
        *journal = Contents { torn: true, ..Contents::default() };
    }
    let is_new = file.is_none();
    let mut replay = Replay::new(match file {
        Some(state) => repaired(state),
        None => State::new(new_lineage(), identity.environment.to_owned(), identity.api.to_owned()),
    });
    if let Some(Entry::Begin { lineage, environment, api, .. }) = journal.entries.first() {
        identity.check(&paths.journal, environment, api)?;
        if is_new {
            replay.state.lineage.clone_from(lineage);
        } else if replay.state.lineage != *lineage {
            return Err(StoreError::ForeignJournal {
                state: paths.state.clone(),
                state_lineage: replay.state.lineage,
                journal: paths.journal.clone(),
                journal_lineage: lineage.clone(),
            });
        }
    }
    let mut folding = Folding::of(replay);
    for entry in journal.entries.iter().cloned() {
        folding.fold(entry);
    }
    Ok(folding.into_replay())
}

impl Identity<'_> {
    fn check(&self, path: &Path, environment: &str, api: &str) -> Result<(), StoreError> {
        for (what, found, expected) in [("environment", environment, self.environment), ("API", api, self.api)] {
            if found != expected {
                let (found, expected) = (found.to_owned(), expected.to_owned());
                return Err(StoreError::WrongWorld { path: path.to_owned(), what, found, expected });
            }
        }
        Ok(())
    }
}

/// 16 random hex digits, made once, and then part of the marker of every pod.
fn new_lineage() -> String {
    let mut digits = Uuid::new_v4().simple().to_string();
    digits.truncate(16);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_is_sixteen_hex_digits_and_unique() {
        let (one, other) = (new_lineage(), new_lineage());
        assert!(one.len() == 16 && one.chars().all(|c| c.is_ascii_hexdigit()), "{one}");
        assert_ne!(one, other);
    }
}
