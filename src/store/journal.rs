//! The journal file: JSON lines, appended and flushed before an entry counts, emptied once the state file contains all
//! of it.
//!
//! A line counts if it ends with a newline. A kill during a write can leave a last line without one. That line was
//! never acknowledged, so readers skip it and the next writer cuts it off.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::model::journal::JOURNAL_FORMAT_VERSION;
use crate::model::text::into_escaped;
use crate::model::{Entry, State};

use super::error::{DamagedFile, FileProblem, StoreError, parent};
use super::file::{Meter, leads_to, replace, sync_folder};
use super::migrate::{self, Unreadable};
use super::paths::Identity;

const REPAIR: &str = "the journal was not changed. It holds requests that may be missing from the state file. Keep a \
                      copy of it and repair the line, or move it away and run `sindri import --discover` to find the \
                      objects it created";

/// The content of a journal.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Empty, or starting with [`Entry::Begin`].
    pub entries: Vec<Entry>,
    /// Number of bytes up to the end of the last complete line.
    pub length: u64,
    /// Whether there are bytes after `length`.
    pub torn: bool,
    /// Whether an older version of the format began the file. Entries of this version must not be appended then.
    pub older: bool,
}

impl Contents {
    /// Whether the journal contains only its beginning, and belongs to a state that is no longer here, for example
    /// after a checkout. Dropping it loses nothing.
    pub fn is_about_another(&self, file: Option<&State>, identity: &Identity<'_>) -> bool {
        let [Entry::Begin { lineage, environment, api, .. }] = self.entries.as_slice() else { return false };
        environment != identity.environment
            || api != identity.api
            || file.is_some_and(|state| state.lineage != *lineage)
    }
}

/// The entries of a journal. `path` is for messages.
///
/// # Errors
///
/// If a complete line is not an entry.
pub fn parse_journal(bytes: &[u8], path: &Path) -> Result<Vec<Entry>, StoreError> {
    parse(bytes, path).map(|contents| contents.entries)
}

/// Reads a journal. `path` is for messages.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Contents, StoreError> {
    let length = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let whole = String::from_utf8_lossy(&bytes[..length]);
    let mut entries: Vec<Entry> = Vec::new();
    let mut start = 0;
    for line in whole.split_inclusive('\n') {
        let entry = entry(line, entries.is_empty()).map_err(|refused| match refused {
            Refused::Newer(found) => StoreError::Newer { path: path.to_owned(), found, newest: JOURNAL_FORMAT_VERSION },
            Refused::Line(message) => {
                let problem = FileProblem { message, at: Some(start..start + line.trim_end().len()) };
                DamagedFile::new(path, &whole, vec![problem], REPAIR).into()
            }
        })?;
        entries.push(entry);
        start += line.len();
    }
    let older = match entries.first() {
        Some(Entry::Begin { format_version, .. }) => *format_version < JOURNAL_FORMAT_VERSION,
        _ => false,
    };
    Ok(Contents { entries, length: length as u64, torn: length < bytes.len(), older })
}

enum Refused {
    Newer(u64),
    Line(String),
}

fn entry(line: &str, first: bool) -> Result<Entry, Refused> {
    let bad = |error: serde_json::Error| Refused::Line(format!("not a journal entry: {error}"));
    let document: serde_json::Value = serde_json::from_str(line).map_err(bad)?;
    let begins = document.get("entry").is_some_and(|entry| entry == "begin");
    if first != begins {
        let message = if first { "a journal starts with a `begin` entry" } else { "a second `begin` entry" };
        return Err(Refused::Line(message.into()));
    }
    if begins {
        // Checked before the other fields, which a newer format may have renamed.
        migrate::version(&document, JOURNAL_FORMAT_VERSION).map_err(|unreadable| match unreadable {
            Unreadable::Newer(found) => Refused::Newer(found),
            Unreadable::Unknown(message) => Refused::Line(message),
        })?;
    }
    migrate::journal_entry(document).and_then(serde_json::from_value).map_err(bad)
}

/// The entries as JSON lines.
pub(super) fn lines<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u8> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry).expect("an entry has only text keys");
        lines.push(b'\n');
    }
    into_escaped(String::from_utf8(lines).expect("JSON is UTF-8")).into_bytes()
}

/// The journal file, open for writing.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    /// Opened by the first write.
    file: Option<File>,
    /// Number of bytes that count.
    length: u64,
    /// Whether bytes that do not count may follow.
    torn: bool,
    /// See [`Contents::older`].
    older: bool,
}

impl JournalFile {
    pub fn new(path: &Path, contents: &Contents) -> Self {
        Self { path: path.to_owned(), file: None, length: contents.length, torn: contents.torn, older: contents.older }
    }

    /// Whether the journal must be restarted before anything is appended.
    pub fn is_older(&self) -> bool {
        self.older
    }

    /// Whether the journal has no bytes, not even a beginning.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the file with the appended entries was deleted or replaced.
    pub fn is_lost(&self) -> bool {
        match &self.file {
            Some(file) => !leads_to(&self.path, file),
            None => self.length > 0 && !self.path.exists(),
        }
    }

    /// Appends complete lines. They are durable when this returns, and do not count if it fails.
    pub fn append(&mut self, lines: &[u8], meter: &mut Meter) -> Result<(), StoreError> {
        self.try_append(lines, meter).map_err(|error| {
            self.torn = true;
            StoreError::io("write", &self.path, error)
        })
    }

    fn try_append(&mut self, lines: &[u8], meter: &mut Meter) -> io::Result<()> {
        if self.file.is_none() {
            let is_new = !self.path.exists();
            self.file = Some(OpenOptions::new().write(true).create(true).truncate(false).open(&self.path)?);
            if is_new {
                sync_folder(parent(&self.path))?;
                meter.fsyncs += 1;
            }
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        if self.torn {
            file.set_len(self.length)?;
            self.torn = false;
        }
        file.seek(SeekFrom::Start(self.length))?;
        file.write_all(lines)?;
        file.sync_data()?;
        self.length += lines.len() as u64;
        meter.bytes += lines.len() as u64;
        meter.fsyncs += 1;
        Ok(())
    }

    /// Reduces the journal to `lines`, or empties it. An interruption leaves either the old lines or the new ones.
    pub fn reset(&mut self, lines: &[u8], meter: &mut Meter) -> Result<(), StoreError> {
        // `lines` is a subset of the journal's lines, so the same length means the same lines.
        if self.length == lines.len() as u64 && !self.torn && !self.older && !self.is_lost() {
            return Ok(());
        }
        if lines.is_empty() {
            match OpenOptions::new().write(true).open(&self.path) {
                Ok(file) => {
                    let emptied = file.set_len(0).and_then(|()| file.sync_data());
                    emptied.map_err(|error| StoreError::io("empty", &self.path, error))?;
                    meter.fsyncs += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::io("open", &self.path, error)),
            }
        } else {
            replace(&self.path, lines, meter)?;
        }
        // The path now leads to a new file, so the open handle is outdated.
        self.file = None;
        self.length = lines.len() as u64;
        self.torn = false;
        self.older = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_writer_cuts_off_the_incomplete_line_of_a_killed_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prod.journal");
        fs::write(&path, "whole\nhalf a line that is longer than the next one").unwrap();
        let contents = Contents { entries: Vec::new(), length: 6, torn: true, older: false };
        JournalFile::new(&path, &contents).append(b"next\n", &mut Meter::default()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nnext\n");
    }
}
