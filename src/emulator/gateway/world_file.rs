//! The world as a file: locked while an emulator uses it, replaced as a whole, unchanged by reads.
//!
//! The file survives a killed process but not a power failure. It contains only simulated data, so writes are not
//! flushed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::emulator::state::settings::BootPace;
use crate::emulator::state::world::World;
use crate::files::{self, LARGEST, ReadError, read_bytes};

/// The file format that is written, and the newest that is read.
const FORMAT: u32 = 1;

/// The clock of a new world. It is always the same, so that a rehearsal can be repeated exactly.
pub const EPOCH: Timestamp = Timestamp::constant(1_767_225_600, 0); // 2026-01-01T00:00:00Z

/// Changes are written immediately while a write takes no longer than this.
const CHEAP: Duration = Duration::from_millis(5);
/// The least time between slower writes. A killed process loses the changes since the last one.
const INTERVAL: Duration = Duration::from_millis(200);

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
    /// Changed since the last write.
    dirty: bool,
    /// Changed since the file was opened, so that the final clock is saved too.
    touched: bool,
    written_at: Option<Timestamp>,
    last_write: Option<Instant>,
    cost: Duration,
}

impl WorldFile {
    /// Locks the file and reads the world if it exists.
    ///
    /// # Errors
    /// If another process uses the file, or if it cannot be read.
    pub(in crate::emulator) fn open(path: &Path) -> Result<(Self, Option<SavedWorld<World>>), WorldFileError> {
        let lock = lock(path)?;
        let saved = match read_bytes(path, None, LARGEST) {
            Ok(text) => Some(parse(path, &text)?),
            Err(error) if error.is_missing() => None,
            Err(ReadError { reason, .. }) => {
                return Err(WorldFileError::Read { path: path.into(), source: io::Error::other(reason.to_string()) });
            }
        };
        let file = Self {
            path: path.into(),
            _lock: lock,
            dirty: false,
            touched: false,
            written_at: None,
            last_write: None,
            cost: Duration::ZERO,
        };
        Ok((file, saved))
    }

    /// The time from the last write to `now`; zero if it is unknown or negative.
    pub(in crate::emulator) fn age(&self, now: Timestamp) -> Duration {
        let written = fs::metadata(&self.path).and_then(|found| found.modified()).ok();
        let written = written.and_then(|written| Timestamp::try_from(written).ok());
        written.and_then(|written| Duration::try_from(now.duration_since(written)).ok()).unwrap_or_default()
    }

    /// Marks the world as changed.
    pub(in crate::emulator) fn note_change(&mut self) {
        self.dirty = true;
        self.touched = true;
    }

    /// Writes changes if writing is fast or the last write was a while ago.
    pub(in crate::emulator) fn flush(&mut self, saved: &SavedWorld<&World>) -> Result<(), WorldFileError> {
        let due = self.cost <= CHEAP || self.last_write.is_none_or(|last| last.elapsed() >= INTERVAL);
        if self.dirty && due { self.write(saved) } else { Ok(()) }
    }

    /// Writes the changes and the clock of this session.
    pub(in crate::emulator) fn save(&mut self, saved: &SavedWorld<&World>) -> Result<(), WorldFileError> {
        let clock_went_on = self.touched && self.written_at != Some(saved.clock);
        if self.dirty || clock_went_on { self.write(saved) } else { Ok(()) }
    }

    fn write(&mut self, saved: &SavedWorld<&World>) -> Result<(), WorldFileError> {
        let began = Instant::now();
        let written = saved.bytes().and_then(|bytes| files::write_unflushed(&self.path, &bytes));
        written.map_err(|source| WorldFileError::Write { path: self.path.clone(), source })?;
        self.dirty = false;
        self.written_at = Some(saved.clock);
        self.last_write = Some(Instant::now());
        self.cost = began.elapsed();
        Ok(())
    }
}

fn lock(path: &Path) -> Result<File, WorldFileError> {
    let lock = lock_path(path);
    let open = || {
        fs::create_dir_all(files::folder(path))?;
        files::open_lock(&lock)
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
