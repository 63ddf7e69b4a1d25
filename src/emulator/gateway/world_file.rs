//! The world as a file: locked while an emulator stands on it, replaced whole, and untouched by whatever only reads.
//!
//! The file survives the process being killed, not the computer losing power: it holds a rehearsal, so nothing is flushed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::emulator::state::settings::Pace;
use crate::emulator::state::world::World;
use crate::files::{self, LARGEST, ReadError, read_bytes};

/// The version of the file that is written, and the newest that is read.
const FORMAT: u32 = 1;

/// Where the clock of a new world stands: always the same, so that a rehearsal can be repeated to the byte.
pub const EPOCH: Timestamp = Timestamp::constant(1_767_225_600, 0); // 2026-01-01T00:00:00Z

/// Changes are written at once as long as writing takes no longer than this, ...
const CHEAP: Duration = Duration::from_millis(5);
/// ... and no more often than this when it does. What is killed in between forgets so much.
const INTERVAL: Duration = Duration::from_millis(200);

/// A world with the moment at which its clock stands.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedWorld<W> {
    format: u32,
    pub clock: Timestamp,
    /// How many answers were given: the source of request ids.
    pub answered: u64,
    pub world: W,
}

impl<W> SavedWorld<W> {
    pub fn new(clock: Timestamp, answered: u64, world: W) -> Self {
        Self { format: FORMAT, clock, answered, world }
    }
}

impl SavedWorld<&World> {
    /// The file's bytes.
    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

impl SavedWorld<World> {
    /// Where the clock stands when the next command finds the world, `passed` after it was written.
    ///
    /// A sandbox's clock goes on between two commands as the computer's does, so that pods bill and lifetimes end. It goes
    /// on by a minimum each time: otherwise a pod that is still coming up when a command ends would do so for ever in a
    /// script, since commands that only read leave no trace in the file.
    pub fn reopened_at(&self, passed: Duration) -> Timestamp {
        let minutes = match self.world.settings.pace {
            Pace::Fast => 1,
            Pace::Realistic => 15, // longer than the longest usual pull of an image
        };
        let passed = SignedDuration::from_secs(i64::try_from(passed.as_secs()).unwrap_or(i64::MAX));
        self.clock.checked_add(passed.max(SignedDuration::from_mins(minutes))).unwrap_or(Timestamp::MAX)
    }
}

/// A world file that cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum WorldFileError {
    #[error("the emulated world `{}` is in use by another process", path.display())]
    #[diagnostic(
        code(sindri::emulator::world_locked),
        help("wait until that command ends, or give this one a world of its own")
    )]
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
        help("it was left as it is; move it away to begin with an empty world")
    )]
    Malformed { path: PathBuf, reason: String },
    #[error("`{}` has format {found}, and this version knows formats up to {FORMAT}", path.display())]
    #[diagnostic(
        code(sindri::emulator::world_newer),
        help("it was left as it is; use the version of sindri that wrote it, or a newer one")
    )]
    Newer { path: PathBuf, found: u64 },
}

/// The file of a world, held by this process alone.
pub struct WorldFile {
    path: PathBuf,
    /// Holds the lock until it is closed. The lock is a file of its own, because the world's is replaced.
    _lock: File,
    /// Something changed since the last write.
    dirty: bool,
    /// Something changed since the file was opened, so that the end of the session is worth a write.
    touched: bool,
    written_at: Option<Timestamp>,
    last_write: Option<Instant>,
    cost: Duration,
}

impl WorldFile {
    /// Locks the file and reads the world, if there is one.
    ///
    /// # Errors
    /// If another process has it, or it cannot be read or understood.
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

    /// How long before `now` the file was written; nothing where that cannot be told, or lies ahead.
    pub(in crate::emulator) fn age(&self, now: Timestamp) -> Duration {
        let written = fs::metadata(&self.path).and_then(|found| found.modified()).ok();
        let written = written.and_then(|written| Timestamp::try_from(written).ok());
        written.and_then(|written| Duration::try_from(now.duration_since(written)).ok()).unwrap_or_default()
    }

    /// Notes that the world is no longer what the file says.
    pub(in crate::emulator) fn note_change(&mut self) {
        self.dirty = true;
        self.touched = true;
    }

    /// Writes a change, if that is cheap or was not done for a while.
    pub(in crate::emulator) fn flush(&mut self, saved: &SavedWorld<&World>) -> Result<(), WorldFileError> {
        let due = self.cost <= CHEAP || self.last_write.is_none_or(|last| last.elapsed() >= INTERVAL);
        if self.dirty && due { self.write(saved) } else { Ok(()) }
    }

    /// Writes whatever this session changed, and how far its clock went.
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
    let beside = beside(path);
    let open = || {
        fs::create_dir_all(files::folder(path))?;
        files::open_lock(&beside)
    };
    let file = open().map_err(|source| WorldFileError::Write { path: beside.clone(), source })?;
    match fs2::FileExt::try_lock_exclusive(&file) {
        Ok(()) => Ok(file),
        Err(error) if error.kind() == fs2::lock_contended_error().kind() => {
            Err(WorldFileError::Locked { path: path.into() })
        }
        Err(source) => Err(WorldFileError::Write { path: beside, source }),
    }
}

/// `world.json` -> `world.json.lock`.
fn beside(path: &Path) -> PathBuf {
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
    // The format first: a newer one may differ in everything else.
    let Header { format } = serde_json::from_slice(text).map_err(malformed)?;
    if format > u64::from(FORMAT) {
        return Err(WorldFileError::Newer { path: path.into(), found: format });
    }
    serde_json::from_slice(text).map_err(malformed)
}
