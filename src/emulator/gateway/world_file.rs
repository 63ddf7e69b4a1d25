//! The world as a file: locked while an emulator uses it, replaced as a whole, unchanged by reads.
//!
//! The file is written at the first change and at the end; changes in between are added to a log beside it. Both survive
//! a killed process but not a power failure. They contain only simulated data, so writes are not flushed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::change_log::{ChangeLog, LoggedChange, changes_after};
use crate::emulator::dialect::world_change::WorldChange;
use crate::emulator::state::settings::BootPace;
use crate::emulator::state::world::World;
use crate::files::{self, LARGEST, ReadError, read_bytes};

/// The file format that is written, and the newest that is read.
const FORMAT: u32 = 2;

/// The clock of a new world. It is always the same, so that a rehearsal can be repeated exactly.
pub const EPOCH: Timestamp = Timestamp::constant(1_767_225_600, 0); // 2026-01-01T00:00:00Z

/// A world with its clock.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedWorld<W> {
    format: u32,
    pub clock: Timestamp,
    /// The number of responses, from which request ids are derived.
    pub answered: u64,
    pub world: W,
}

impl<W> SavedWorld<W> {
    pub fn new(clock: Timestamp, answered: u64, world: W) -> Self {
        Self { format: FORMAT, clock, answered, world }
    }
}

impl SavedWorld<&World> {
    /// The bytes of the file.
    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

impl SavedWorld<World> {
    /// The clock for the next command, when `passed` has elapsed since the file was written.
    ///
    /// A sandbox's clock keeps running between commands, so that pods are billed and lifetimes end. It advances by a
    /// minimum each time. Otherwise a pod that is starting when a command ends would never come up in a script, because
    /// commands that only read do not write the file.
    pub fn reopened_at(&self, passed: Duration) -> Timestamp {
        let minutes = match self.world.settings.pace {
            BootPace::Fast => 1,
            BootPace::Realistic => 15, // longer than most image pulls
        };
        let passed = SignedDuration::from_secs(i64::try_from(passed.as_secs()).unwrap_or(i64::MAX));
        self.clock.checked_add(passed.max(SignedDuration::from_mins(minutes))).unwrap_or(Timestamp::MAX)
    }
}

/// A world file that cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum WorldFileError {
    #[error("the emulated world `{}` is in use by another process", path.display())]
    #[diagnostic(code(sindri::emulator::world_locked), help("wait until that command ends, or use another world file"))]
    Locked { path: PathBuf },
    #[error("cannot read the emulated world `{}`", path.display())]
    #[diagnostic(code(sindri::emulator::world_unreadable))]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write the emulated world `{}`", path.display())]
    #[diagnostic(code(sindri::emulator::world_unwritable))]
    Write { path: PathBuf, source: io::Error },
    #[error("`{}` is not an emulated world: {reason}", path.display())]
    #[diagnostic(
        code(sindri::emulator::world_malformed),
        help("the file was not changed; move it away to start with an empty world")
    )]
    Malformed { path: PathBuf, reason: String },
    #[error("`{}` has format {found}, but this version only supports formats up to {FORMAT}", path.display())]
    #[diagnostic(
        code(sindri::emulator::world_newer),
        help("the file was not changed; use the version of sindri that wrote it, or a newer one")
    )]
    Newer { path: PathBuf, found: u64 },
}

/// A world file, locked by this process.
pub struct WorldFile {
    path: PathBuf,
    /// Holds the lock while open. It is a separate file, because the world file is replaced.
    _lock: File,
    log: ChangeLog,
    /// Changed in a way that neither the file nor the log contains.
    dirty: bool,
    /// Changed since the file was opened, so that the final clock is saved too.
    touched: bool,
    written_at: Option<Timestamp>,
}

impl WorldFile {
    /// Locks the file and reads the world if it exists.
    ///
    /// # Errors
    /// If another process uses the file, or if it cannot be read.
    pub(in crate::emulator) fn open(path: &Path) -> Result<(Self, Option<SavedWorld<World>>), WorldFileError> {
        let lock = lock(path)?;
        let log = ChangeLog::of(path);
        let saved = match read_bytes(path, None, LARGEST) {
            Ok(text) => Some(with_changes(parse(path, &text)?, &text, &log)?),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(unreadable(path, &error)),
        };
        Ok((Self { path: path.into(), _lock: lock, log, dirty: false, touched: false, written_at: None }, saved))
    }

    /// The time from the last write to `now`; zero if it is unknown or negative.
    pub(in crate::emulator) fn age(&self, now: Timestamp) -> Duration {
        let modified = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
        let written = modified(&self.path).max(modified(self.log.path()));
        let written = written.and_then(|written| Timestamp::try_from(written).ok());
        written.and_then(|written| Duration::try_from(now.duration_since(written)).ok()).unwrap_or_default()
    }

    /// Adds a change to the log, or writes the world if the log cannot continue it.
    ///
    /// # Errors
    /// If neither can be written. The next change and [`WorldFile::save`] try again.
    pub(in crate::emulator) fn log(
        &mut self,
        change: &WorldChange,
        saved: &SavedWorld<&World>,
    ) -> Result<(), WorldFileError> {
        self.touched = true;
        let change = LoggedChange { clock: saved.clock, answered: saved.answered, change };
        if !self.dirty && self.log.append(&change).unwrap_or(false) {
            return Ok(());
        }
        let world = self.write(saved)?;
        self.log.start(&world).map_err(|source| WorldFileError::Write { path: self.log.path().into(), source })
    }

    /// Writes a world that was changed in a way that has no form in the log.
    ///
    /// # Errors
    /// As [`WorldFile::save`].
    pub(in crate::emulator) fn replace(&mut self, saved: &SavedWorld<&World>) -> Result<(), WorldFileError> {
        (self.dirty, self.touched) = (true, true);
        self.save(saved)
    }

    /// Writes the changes and the clock of this session, and removes the log.
    ///
    /// # Errors
    /// If the file cannot be replaced.
    pub(in crate::emulator) fn save(&mut self, saved: &SavedWorld<&World>) -> Result<(), WorldFileError> {
        let clock_went_on = self.touched && self.written_at != Some(saved.clock);
        if self.dirty || clock_went_on || self.log.has_changes() {
            self.write(saved)?;
            self.log.remove();
        }
        Ok(())
    }

    /// Replaces the file and returns its content.
    fn write(&mut self, saved: &SavedWorld<&World>) -> Result<Vec<u8>, WorldFileError> {
        self.dirty = true; // unless the write succeeds
        let bytes = saved.bytes().and_then(|bytes| files::write_unflushed(&self.path, &bytes).map(|()| bytes));
        let bytes = bytes.map_err(|source| WorldFileError::Write { path: self.path.clone(), source })?;
        self.dirty = false;
        self.written_at = Some(saved.clock);
        Ok(bytes)
    }
}

/// A saved world after the changes in its log. `text` is the content of its file.
fn with_changes(
    mut saved: SavedWorld<World>,
    text: &[u8],
    log: &ChangeLog,
) -> Result<SavedWorld<World>, WorldFileError> {
    let Some(bytes) = log.bytes().map_err(|error| unreadable(log.path(), &error))? else { return Ok(saved) };
    let changes = changes_after(text, &bytes);
    let changes =
        changes.map_err(|error| WorldFileError::Malformed { path: log.path().into(), reason: error.to_string() })?;
    for LoggedChange { clock, answered, change } in changes {
        // A change that was impossible then is impossible again.
        let _ = saved.world.apply(&change, clock);
        (saved.clock, saved.answered) = (clock, answered);
    }
    Ok(saved)
}

fn unreadable(path: &Path, error: &ReadError) -> WorldFileError {
    WorldFileError::Read { path: path.into(), source: io::Error::other(error.reason.to_string()) }
}

fn lock(path: &Path) -> Result<File, WorldFileError> {
    let lock = lock_path(path);
    let open = || {
        fs::create_dir_all(files::folder(path))?;
        files::open_regular(&lock)
    };
    let file = open().map_err(|source| WorldFileError::Write { path: lock.clone(), source })?;
    match fs2::FileExt::try_lock_exclusive(&file) {
        Ok(()) => Ok(file),
        Err(error) if error.kind() == fs2::lock_contended_error().kind() => {
            Err(WorldFileError::Locked { path: path.into() })
        }
        Err(source) => Err(WorldFileError::Write { path: lock, source }),
    }
}

/// The path of the lock file: `world.json.lock` for `world.json`.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn parse(path: &Path, text: &[u8]) -> Result<SavedWorld<World>, WorldFileError> {
    #[derive(Deserialize)]
    struct Header {
        format: u64,
    }
    let malformed =
        |error: serde_json::Error| WorldFileError::Malformed { path: path.into(), reason: error.to_string() };
    // Read the format first: a newer one may differ in everything else.
    let Header { format } = serde_json::from_slice(text).map_err(malformed)?;
    if format > u64::from(FORMAT) {
        return Err(WorldFileError::Newer { path: path.into(), found: format });
    }
    serde_json::from_slice(text).map_err(malformed)
}
