//! The changes since the world file was written, so that a change costs the same in a world of any size.
//!
//! The log is beside the world file: JSON lines, the first of which names the content that it continues. The log of any
//! other content is ignored, such as one that was not removed after the world file was replaced. A line counts if it
//! ends with a newline, because a kill during a write can leave a last line without one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Error;
use sha2::{Digest, Sha256};

use crate::emulator::dialect::world_change::WorldChange;
use crate::files::{self, LARGEST, ReadError, read_bytes};

/// The size up to which a log always grows. A larger one grows until it is as large as its world file, so that writing
/// the world file again doubles the cost of a change at most.
const SMALL: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct LogHeader {
    /// The digest of the world file.
    continues: String,
}

/// A change, with the clock and the number of responses after it.
#[derive(Serialize, Deserialize)]
pub struct LoggedChange<C = WorldChange> {
    pub clock: Timestamp,
    pub answered: u64,
    pub change: C,
}

/// The log of one world file.
pub struct ChangeLog {
    path: PathBuf,
    /// Open if the log continues what the world file contains now.
    file: Option<File>,
    bytes: u64,
    limit: u64,
}

impl ChangeLog {
    /// The log of `world.json`, `world.json.log`. Nothing is opened yet.
    pub fn of(world: &Path) -> Self {
        let mut path = world.as_os_str().to_owned();
        path.push(".log");
        Self { path: path.into(), file: None, bytes: 0, limit: 0 }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of the log; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn bytes(&self) -> Result<Option<Vec<u8>>, ReadError> {
        match read_bytes(&self.path, None, LARGEST) {
            Err(error) if error.is_missing() => Ok(None),
            bytes => bytes.map(Some),
        }
    }

    /// Starts an empty log that continues `world`.
    ///
    /// # Errors
    /// If the file cannot be written. It then continues nothing.
    pub fn start(&mut self, world: &[u8]) -> io::Result<()> {
        (self.file, self.bytes, self.limit) = (None, 0, SMALL.max(world.len() as u64));
        let mut file = files::open_regular(&self.path)?;
        file.set_len(0)?;
        file.write_all(&line(&LogHeader { continues: digest(world) })?)?;
        self.file = Some(file);
        Ok(())
    }

    /// Adds a change. Returns `false` if the log has not been started or is too long, so that the world file must be
    /// written instead.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, change: &LoggedChange<&WorldChange>) -> io::Result<bool> {
        let Some(file) = self.file.as_mut().filter(|_| self.bytes < self.limit) else { return Ok(false) };
        let line = line(change)?;
        self.bytes += line.len() as u64;
        file.write_all(&line)?;
        Ok(true)
    }

    /// Whether a change was added to the current log.
    pub fn has_changes(&self) -> bool {
        self.bytes > 0
    }

    /// Removes the log, because the world file contains all of it.
    pub fn remove(&mut self) {
        (self.file, self.bytes) = (None, 0);
        // A log that stays continues another content of the world file, so it is ignored.
        let _ = fs::remove_file(&self.path);
    }
}

/// The changes in a log that continues `world`.
///
/// # Errors
/// If a line is not a change.
pub fn changes_after(world: &[u8], log: &[u8]) -> Result<Vec<LoggedChange>, Error> {
    let complete = log.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &log[..end]);
    let mut lines = complete.split(|byte| *byte == b'\n');
    let header = lines.next().and_then(|line| serde_json::from_slice::<LogHeader>(line).ok());
    if header.is_none_or(|header| header.continues != digest(world)) {
        return Ok(Vec::new());
    }
    lines.map(serde_json::from_slice).collect()
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

fn digest(world: &[u8]) -> String {
    Sha256::digest(world).iter().map(|byte| format!("{byte:02x}")).collect()
}
