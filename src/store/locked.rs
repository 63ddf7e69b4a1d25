//! Writing: the only module with methods that change stored files. They require the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::model::journal::JOURNAL_FORMAT_VERSION;
use crate::model::{Address, Entry, Moment, Outcome, Record, Replay, State};
use crate::resource::{Folding, repaired};

use super::error::{StoreError, parent};
use super::file::{Meter, contradictions, read_if_there, remove_leftovers, replace, rescue, state_bytes};
use super::holder::Holder;
use super::journal::{self, JournalFile};
use super::lock::Lock;
use super::paths::{Identity, Paths};
use super::read::{FileContents, Loaded, digest};

/// A state that only this process may change, until it is dropped.
///
/// Shared by concurrent tasks. Entries that arrive together become durable together: the first task that writes also
/// writes the queued entries of the others, so that N requests in flight need far fewer than N flushes.
#[derive(Debug)]
pub struct LockedState {
    queue: Mutex<Batch>,
    writer: Mutex<StateWriter>,
}

/// Entries that wait for the same flush, and its result.
#[derive(Debug, Default)]
struct Batch {
    entries: Vec<Entry>,
    result: Arc<OnceLock<Result<(), StoreError>>>,
}

impl LockedState {
    /// Takes the lock, waiting for up to `timeout` (this blocks the thread), and loads the state with its journal.
    ///
    /// Creates the folder and the lock file. The state file and the journal are created by the first write.
    pub fn acquire(
        paths: &Paths,
        identity: &Identity<'_>,
        holder: Holder,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        paths.check_to_write()?;
        let lock = Lock::acquire(&paths.lock, &holder, timeout)?;
        if let Ok(metadata) = fs::metadata(&paths.state)
            && metadata.permissions().readonly()
        {
            // Replacing a read-only file would succeed, but its owner marked it as not to be changed.
            let error = io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
            return Err(StoreError::io("write", &paths.state, error));
        }
        remove_leftovers(&paths.state);
        remove_leftovers(&paths.journal);
        let Loaded { replay, file, journal } = Loaded::from_disk(paths, identity)?;
        let journal = JournalFile::new(&paths.journal, &journal);
        let meter = Meter::default();
        let (paths, replay) = (paths.clone(), Folding::of(replay));
        let writer = StateWriter { paths, replay, file, journal, unwritten: Vec::new(), meter, _lock: lock };
        Ok(Self { queue: Mutex::default(), writer: Mutex::new(writer) })
    }

    /// Releases the lock, and returns the state.
    pub fn into_state(self) -> State {
        self.writer.into_inner().unwrap_or_else(PoisonError::into_inner).replay.into_replay().state
    }

    /// The current state and pending intents.
    pub fn snapshot(&self) -> Replay {
        Replay::clone(&held(&self.writer).replay)
    }

    /// Looks something up without copying the state. Writes wait until `look` returns.
    pub fn read<R>(&self, look: impl FnOnce(&Replay) -> R) -> R {
        look(&held(&self.writer).replay)
    }

    /// The current record of one address.
    pub fn record_of(&self, address: &Address) -> Option<Record> {
        held(&self.writer).replay.state.resources.get(address).cloned()
    }

    /// See [`Replay::last_create`].
    pub fn last_create(&self) -> Option<Moment> {
        held(&self.writer).replay.last_create.clone()
    }

    /// Records one entry, which is durable when this returns.
    ///
    /// After an error, an intent does not count, and its request must not be sent. An outcome is kept in memory and
    /// written with the next write. If the caller is dropped while it waits, the next write includes its entry.
    pub async fn record(&self, entry: Entry) -> Result<(), StoreError> {
        self.record_all(vec![entry]).await
    }

    /// Records corrections without a request, as the outcome of `operation`. Writes nothing if there are none.
    pub async fn correct(&self, operation: &str, records: BTreeMap<Address, Option<Record>>) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        self.record(Entry::Outcome(Outcome { operation: operation.to_owned(), records })).await
    }

    /// Records entries with one flush: either all of them count or none does.
    pub async fn record_all(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let result = {
            let mut batch = held(&self.queue);
            batch.entries.extend(entries);
            Arc::clone(&batch.result)
        };
        // Lets every task that is ready queue its entries before the first one writes.
        tokio::task::yield_now().await;
        let mut writer = held(&self.writer);
        // Results are set while the writer is held. Without a result, our batch is still queued and we must write it.
        match result.get() {
            Some(result) => result.clone(),
            None => self.write_queued(&mut writer),
        }
    }

    /// The addresses whose records the next checkpoint will change in the state file. `None` if the file is up to date;
    /// an empty list if the checkpoint only creates the file, with the lineage that marks the pods.
    pub fn ahead(&self) -> Option<Vec<Address>> {
        held(&self.writer).ahead()
    }

    /// Updates the state file and reduces the journal to the pending intents.
    ///
    /// Writes nothing if nothing changed. After any failure or kill, the journal or the state file contains everything
    /// that happened. If neither can be written, the error names the file with the rescued state.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let mut writer = held(&self.writer);
        let queued = self.write_queued(&mut writer);
        // Try to write the state file even if the journal cannot be written.
        writer.checkpoint().and(queued)
    }

    /// Makes a state without records continue `lineage` (the id that marks this state's pods), so that pods with its
    /// markers are ours. Durable when this returns.
    ///
    /// Returns `false`, and changes nothing, if the state has records or pending intents, which belong to its own
    /// lineage.
    pub fn continue_lineage(&self, lineage: &str) -> Result<bool, StoreError> {
        let mut writer = held(&self.writer);
        self.write_queued(&mut writer)?;
        writer.continue_lineage(lineage)
    }

    /// Number of flushes so far that waited for the disk.
    pub fn fsyncs(&self) -> u64 {
        held(&self.writer).meter.fsyncs
    }

    /// Number of bytes written so far to the state file and the journal.
    pub fn bytes_written(&self) -> u64 {
        held(&self.writer).meter.bytes
    }

    fn write_queued(&self, writer: &mut StateWriter) -> Result<(), StoreError> {
        let batch = mem::take(&mut *held(&self.queue));
        let result = if batch.entries.is_empty() { Ok(()) } else { writer.write(batch.entries) };
        batch.result.get_or_init(|| result).clone()
    }
}

/// A panic elsewhere leaves only plain data behind, which is still valid.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct StateWriter {
    paths: Paths,
    replay: Folding,
    /// The state file as last read or written.
    file: Option<FileContents>,
    journal: JournalFile,
    /// Outcomes that could not be written. They count in memory, and the next write includes them.
    unwritten: Vec<Entry>,
    meter: Meter,
    /// Declared last, so that the lock is released after all files are closed.
    _lock: Lock,
}

impl StateWriter {
    fn write(&mut self, entries: Vec<Entry>) -> Result<(), StoreError> {
        // The consequences of an outcome are written with it, so that an entry is complete for any state it is
        // folded into. It counts in memory even if it cannot be written.
        let entries: Vec<Entry> = entries
            .into_iter()
            .map(|entry| match entry {
                Entry::Outcome(_) => self.replay.fold(entry),
                Entry::Intent(_) | Entry::Begin { .. } => entry,
            })
            .collect();
        let written = self.append(&entries);
        for entry in entries {
            match (&written, &entry) {
                // Folded in order, because an intent may precede its own outcome.
                (Ok(()), _) => self.replay.fold_complete(&entry),
                (Err(_), Entry::Outcome(_)) => self.unwritten.push(entry),
                // The request is not sent, so the intent does not count.
                (Err(_), Entry::Intent(_) | Entry::Begin { .. }) => {}
            }
        }
        written
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        if self.journal.is_lost() || self.journal.is_older() {
            // The journal was deleted, or begun by an older sindri. Its entries are in memory, so save them in the
            // state file and start a new journal.
            self.save()?;
            self.reset_journal()?;
        }
        let begin = self.journal.is_empty().then(|| self.begin());
        let lines = journal::lines(begin.iter().chain(&self.unwritten).chain(entries));
        self.journal.append(&lines, &mut self.meter)?;
        self.unwritten.clear();
        Ok(())
    }

    fn begin(&self) -> Entry {
        let State { lineage, environment, api, .. } = &self.replay.state;
        Entry::Begin {
            format_version: JOURNAL_FORMAT_VERSION,
            lineage: lineage.clone(),
            environment: environment.clone(),
            api: api.clone(),
            last_create: self.replay.last_create.as_ref().map(|moment| moment.at.clone()),
            last_create_uptime: self.replay.last_create.as_ref().and_then(|moment| moment.uptime.clone()),
        }
    }

    fn ahead(&self) -> Option<Vec<Address>> {
        let state = repaired(self.replay.state.clone());
        let file = self.file.as_ref().map(|file| &file.state);
        if file == Some(&state) || (self.journal.is_empty() && self.unwritten.is_empty()) {
            return None;
        }
        let written = file.map(|state| &state.resources);
        let addresses: BTreeSet<&Address> =
            state.resources.keys().chain(written.iter().flat_map(|w| w.keys())).collect();
        let differs = |address: &&Address| written.and_then(|w| w.get(*address)) != state.resources.get(*address);
        Some(addresses.into_iter().filter(differs).cloned().collect())
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        if self.journal.is_empty() && self.unwritten.is_empty() {
            // Repairs made when the state was read are not in the journal.
            let repaired = self.file.as_ref().is_some_and(|file| file.state != self.replay.state);
            return if repaired { self.save() } else { Ok(()) };
        }
        self.save()?;
        self.reset_journal()
    }

    fn continue_lineage(&mut self, lineage: &str) -> Result<bool, StoreError> {
        let blank =
            self.replay.state.resources.is_empty() && self.replay.pending.is_empty() && self.unwritten.is_empty();
        if blank && self.replay.state.lineage != lineage {
            // The journal is emptied first, because its entries would be refused beside a state of another lineage.
            self.journal.reset(&[], &mut self.meter)?;
            self.replay.continue_lineage(lineage);
            self.save()?;
        }
        Ok(blank)
    }

    /// Updates the state file if it differs from the known state.
    fn save(&mut self) -> Result<(), StoreError> {
        let state = repaired(self.replay.state.clone());
        let path = &self.paths.state;
        let bytes = state_bytes(&state);
        if !parent(path).is_dir() {
            // The journal disappeared with the folder, so the rescued file is the only copy.
            let source = Arc::new(io::Error::from(io::ErrorKind::NotFound));
            let rescued = rescue(path, &bytes, &mut self.meter);
            return Err(StoreError::Vanished { action: "write", path: path.clone(), rescued, source });
        }
        let on_disk = read_if_there(path)?.map(|bytes| digest(&bytes));
        if on_disk != self.file.as_ref().map(|file| file.digest) {
            let rescued = rescue(path, &bytes, &mut self.meter);
            return Err(StoreError::Swapped { path: path.clone(), rescued });
        }
        // The same content in another layout is left alone.
        if self.file.as_ref().is_some_and(|file| file.state == state) {
            return Ok(());
        }
        let problems = contradictions(&state, &|_| None);
        if !problems.is_empty() {
            return Err(StoreError::Contradiction { path: path.clone(), problems });
        }
        replace(path, &bytes, &mut self.meter)?;
        self.file = Some(FileContents { digest: digest(&bytes), state });
        Ok(())
    }

    /// Reduces the journal to the pending intents, which the state file cannot contain.
    fn reset_journal(&mut self) -> Result<(), StoreError> {
        let pending: Vec<Entry> = self.replay.pending.iter().cloned().map(Entry::Intent).collect();
        let begin = (!pending.is_empty() || self.replay.last_create.is_some()).then(|| self.begin());
        let lines = journal::lines(begin.iter().chain(&pending));
        self.journal.reset(&lines, &mut self.meter)?;
        self.unwritten.clear();
        Ok(())
    }
}
