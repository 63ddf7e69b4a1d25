//! The lock for changes: an advisory lock of the operating system on its own file, which is never deleted.
//!
//! The operating system releases the lock when the process ends, even after a crash, so a lock cannot become stale. The
//! content of the file is for people: it names the current holder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fs2::FileExt;

use super::error::{StoreError, parent};
use super::file::leads_to;
use super::holder::Holder;
use super::paths::Paths;

/// The lock, held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

/// How long to retry even without a timeout. Reading commands take the lock for a moment to check whether it is held.
const GRACE: Duration = Duration::from_millis(200);

impl Lock {
    /// Takes the lock, waiting for up to `timeout`. Creates the folder and the file if they are missing.
    pub fn acquire(path: &Path, holder: &Holder, timeout: Duration) -> Result<Self, StoreError> {
        let start = Instant::now();
        fs::create_dir_all(parent(path)).map_err(|error| StoreError::io("create", parent(path), error))?;
        let mut pause = Duration::from_millis(5);
        loop {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
            let file = file.map_err(|error| StoreError::io("open", path, error))?;
            match FileExt::try_lock_exclusive(&file) {
                Ok(()) if leads_to(path, &file) => {
                    let mut lock = Self { file };
                    lock.announce(holder).map_err(|error| StoreError::io("write", path, error))?;
                    return Ok(lock);
                }
                // The file was deleted or replaced after it was opened. Two processes could each hold "the" lock.
                Ok(()) => drop(file),
                Err(error) if is_contended(&error) => {}
                Err(error) => return Err(refusal(path, error)),
            }
            if start.elapsed() >= timeout.max(GRACE) {
                let holder = Box::new(read_holder(path).unwrap_or_else(Holder::unknown));
                return Err(StoreError::Locked { path: path.to_owned(), holder, waited: timeout });
            }
            sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    fn announce(&mut self, holder: &Holder) -> io::Result<()> {
        let mut text = serde_json::to_vec(holder)?;
        text.push(b'\n');
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&text)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name must be cleared before the lock is released. Closing the file also releases it, so errors are
        // harmless.
        let _ = self.file.set_len(0);
        let _ = FileExt::unlock(&self.file);
    }
}

/// The command that is changing the state now, if there is one. Writes nothing and does not wait.
pub fn running(paths: &Paths) -> Result<Option<Holder>, StoreError> {
    let path = &paths.lock;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path, error)),
    };
    match FileExt::try_lock_shared(&file) {
        Ok(()) => {
            let _ = FileExt::unlock(&file);
            Ok(None)
        }
        Err(error) if is_contended(&error) => Ok(Some(read_holder(path).unwrap_or_else(Holder::unknown))),
        Err(error) => Err(refusal(path, error)),
    }
}

/// Clears the name that a dead holder left in the lock file, and returns it. An error if the holder is still running.
///
/// This releases nothing: the lock ended with its process. Only the name remains after a process was killed.
pub fn unlock(paths: &Paths) -> Result<Option<Holder>, StoreError> {
    paths.check_to_write()?;
    let path = &paths.lock;
    if !path.exists() {
        return Ok(None);
    }
    let left = fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok());
    // Releasing this lock clears the name.
    Lock::acquire(path, &Holder::new("unlock"), Duration::ZERO)?;
    Ok(left)
}

/// Reads the holder's name. Retries, because the holder writes it shortly after taking the lock.
fn read_holder(path: &Path) -> Option<Holder> {
    for attempt in 0..5 {
        if attempt > 0 {
            sleep(Duration::from_millis(10));
        }
        let mut text = String::new();
        File::open(path).and_then(|mut file| file.read_to_string(&mut text)).ok()?;
        if let Ok(holder) = serde_json::from_str(&text) {
            return Some(holder);
        }
    }
    None
}

fn is_contended(error: &io::Error) -> bool {
    error.raw_os_error() == fs2::lock_contended_error().raw_os_error()
}

/// The error for a lock that failed although nothing holds it.
fn refusal(path: &Path, error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::io("lock", path, error),
        // ENOLCK, ENOTSUP, ENOSYS or EINVAL, depending on the file system.
        _ => StoreError::LocksUnsupported { path: PathBuf::from(path), source: Arc::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &tempfile::TempDir) -> Paths {
        Paths::of_state(&folder.path().join("state/prod.json"))
    }

    #[test]
    fn a_held_lock_names_its_holder_and_is_free_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        assert_eq!(running(&paths).unwrap(), None, "no lock file, nobody running");
        let holder = Holder::new("apply");
        let lock = Lock::acquire(&paths.lock, &holder, Duration::ZERO).unwrap();
        assert_eq!(running(&paths).unwrap(), Some(holder.clone()));
        match Lock::acquire(&paths.lock, &Holder::new("destroy"), Duration::ZERO) {
            Err(StoreError::Locked { holder: named, .. }) => assert_eq!(*named, holder),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert_eq!(running(&paths).unwrap(), None);
        assert!(paths.lock.exists(), "the lock file is never deleted");
        Lock::acquire(&paths.lock, &holder, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_killed_holder_is_reported_once_and_a_running_one_keeps_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        assert_eq!(unlock(&paths).unwrap(), None);
        assert!(!paths.lock.exists(), "looking makes nothing");
        let holder = Holder::new("apply");
        let lock = Lock::acquire(&paths.lock, &holder, Duration::ZERO).unwrap();
        assert!(matches!(unlock(&paths), Err(StoreError::Locked { .. })));
        assert_eq!(running(&paths).unwrap(), Some(holder.clone()));
        drop(lock);
        assert_eq!(unlock(&paths).unwrap(), None, "it left nothing");
        // After a kill, the system releases the lock but the name remains.
        fs::write(&paths.lock, serde_json::to_string(&holder).unwrap()).unwrap();
        assert_eq!(unlock(&paths).unwrap(), Some(holder));
        assert_eq!(unlock(&paths).unwrap(), None);
    }

    #[test]
    fn waiting_for_the_lock_succeeds_once_it_is_freed() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        let lock = Lock::acquire(&paths.lock, &Holder::new("apply"), Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let waiting =
                scope.spawn(|| Lock::acquire(&paths.lock, &Holder::new("destroy"), Duration::from_secs(20)).map(drop));
            sleep(Duration::from_millis(400));
            assert!(!waiting.is_finished());
            drop(lock);
            waiting.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_reading_command_does_not_block_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        drop(Lock::acquire(&paths.lock, &Holder::new("apply"), Duration::ZERO).unwrap());
        let looking = File::open(&paths.lock).unwrap();
        FileExt::lock_shared(&looking).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| Lock::acquire(&paths.lock, &Holder::new("apply"), Duration::ZERO).map(drop));
            sleep(Duration::from_millis(30));
            drop(looking);
            writer.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_replaced_lock_file_is_not_mistaken_for_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let file = File::create(&path).unwrap();
        assert!(leads_to(&path, &file));
        fs::rename(&path, folder.path().join("b.lock")).unwrap();
        assert!(!leads_to(&path, &file));
        File::create(&path).unwrap();
        assert!(!leads_to(&path, &file));
    }

    #[test]
    fn file_systems_without_locks_are_refused() {
        let error = refusal(Path::new("prod.lock"), io::Error::from(io::ErrorKind::Unsupported));
        assert!(matches!(error, StoreError::LocksUnsupported { .. }), "{error}");
    }
}
