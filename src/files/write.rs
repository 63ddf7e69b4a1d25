//! Writes files that the user names, including pipes, devices and links.
//!
//! A regular file is replaced atomically: the new content is complete in a temporary file before it takes the old one's
//! place, so an interruption leaves either the old or the new file. A pipe, device or open descriptor (`/dev/stdout`)
//! is written to, never replaced or read. Links are followed, and the same rules apply to their targets.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::read::irregular;

/// How long a pipe may accept nothing before the write fails.
const STALL_LIMIT: Duration = Duration::from_secs(10);

/// Delay between attempts to write to a full pipe.
const RETRY: Duration = Duration::from_millis(10);

/// Opens a file for writing, creating it if needed and keeping its content. Refuses links, because the file would be
/// created at the link's target.
///
/// # Errors
/// If the path is a link, folder, pipe, socket or device, or cannot be opened.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a device can have side effects, so check its type first.
    if let Some(what) = fs::symlink_metadata(path).ok().as_ref().and_then(irregular) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}")));
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options.open(path)
}

/// How a named file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteTarget {
    /// A missing or regular file, which is replaced.
    Replaced,
    /// A pipe, device or open descriptor, which is written to.
    Stream,
}

/// How [`write`] would write the file. Opens nothing.
///
/// # Errors
/// If the path leads to a folder or a dead link, or if the file system fails.
pub fn target(path: &Path) -> io::Result<WriteTarget> {
    if descriptor(path).is_some() {
        return Ok(WriteTarget::Stream);
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if found.is_file() => Ok(WriteTarget::Replaced),
        Ok(_) => Ok(WriteTarget::Stream),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => Err(io::Error::new(io::ErrorKind::NotFound, "it is a broken link")),
            Err(_) => Ok(WriteTarget::Replaced),
        },
        Err(error) => Err(error),
    }
}

/// Writes a file. A regular file keeps its permissions; a new file gets the default permissions of the umask.
///
/// # Errors
/// If the content could not be written completely. A regular file is then unchanged.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_as(path, bytes, true)
}

/// Like [`write`], but without waiting for the disk. For files that are written often and can be regenerated.
///
/// # Errors
/// As for [`write`].
pub fn write_unflushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_as(path, bytes, false)
}

fn write_as(path: &Path, bytes: &[u8], flushed: bool) -> io::Result<()> {
    match target(path)? {
        WriteTarget::Stream => write_all(&mut open_stream(path)?, bytes),
        WriteTarget::Replaced => replace(path, bytes, flushed),
    }
}

/// Replaces a regular file or creates a new one.
fn replace(path: &Path, bytes: &[u8], flushed: bool) -> io::Result<()> {
    // Replace the link's target, not the link.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = beside(&real)?;
    if let Ok(old) = fs::metadata(&real) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    if flushed {
        file.as_file().sync_all()?;
    }
    file.persist(&real).map_err(|refused| refused.error)?;
    Ok(())
}

/// A temporary file in the folder of `path`, to be renamed to it once complete.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // Temporary files are private by default.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

/// The folder of a file.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a pipe or device for writing. A pipe without a reader is an error, because waiting for one may take forever.
#[cfg(unix)]
fn open_stream(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(own) = own_descriptor(path) {
        return own;
    }
    let opened = OpenOptions::new().append(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ENXIO) => io::Error::other("it is a pipe or socket without a reader"),
        _ => error,
    })
}

#[cfg(not(unix))]
fn open_stream(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// A copy of an open descriptor of this process. Reopening it by name would give its file a second position, and the
/// command's output would then overwrite what was written by name.
#[cfg(unix)]
fn own_descriptor(path: &Path) -> Option<io::Result<File>> {
    use std::os::fd::BorrowedFd;
    let descriptor = descriptor(path)?;
    let own = ["/proc/self/fd", "/dev/fd"].iter().filter_map(|folder| fs::canonicalize(folder).ok());
    let number = descriptor.file_name()?.to_str()?.parse().ok().filter(|number: &i32| *number >= 0)?;
    if !own.into_iter().any(|own| descriptor.starts_with(own)) {
        return None;
    }
    // SAFETY: the descriptor is only duplicated; duplicating a closed one returns an error.
    let copy = unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned();
    Some(copy.map(File::from))
}

/// The open descriptor that a path refers to: `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/1`, or a link to one. If a
/// regular file is behind it, it is already open, and replacing it would lose later writes.
fn descriptor(path: &Path) -> Option<PathBuf> {
    const LONGEST_CHAIN: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let parent = fs::canonicalize(folder(&path)).ok()?;
        if parent.starts_with("/proc") || parent.starts_with("/dev/fd") {
            return Some(parent.join(path.file_name()?));
        }
        path = parent.join(fs::read_link(&path).ok()?);
    }
    None
}

/// Like [`Write::write_all`], but retries when a non-blocking stream is full.
///
/// # Errors
/// If the stream fails, or accepts nothing for ten seconds.
pub fn write_all(target: &mut dyn Write, mut text: &[u8]) -> io::Result<()> {
    let mut stalled = Duration::ZERO;
    while !text.is_empty() {
        match target.write(text) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                text = text.get(written..).unwrap_or_default();
                stalled = Duration::ZERO;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && stalled < STALL_LIMIT => {
                thread::sleep(RETRY);
                stalled += RETRY;
            }
            Err(error) => return Err(error),
        }
    }
    target.flush()
}

/// Creates a new file atomically: either complete or not at all.
///
/// # Errors
/// If the file or a link of that name exists, or if it cannot be written.
pub fn create_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|refused| refused.error)?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod fussy {
    use std::io::{self, Write};

    /// A writer that accepts a few bytes at a time and fails as the test specifies.
    pub struct Fussy {
        pub taken: Vec<u8>,
        pub answers: Vec<Option<io::ErrorKind>>,
    }

    impl Write for Fussy {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.answers.pop().flatten() {
                Some(kind) => Err(kind.into()),
                None => {
                    let some = bytes.len().min(3);
                    self.taken.extend(&bytes[..some]);
                    Ok(some)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fussy::Fussy;
    use super::*;

    #[test]
    fn a_full_non_blocking_pipe_loses_nothing() {
        let answers = vec![Some(io::ErrorKind::WouldBlock), None, Some(io::ErrorKind::Interrupted), None];
        let mut target = Fussy { taken: Vec::new(), answers };
        write_all(&mut target, b"0123456789").unwrap();
        assert_eq!(target.taken, b"0123456789");
    }

    #[cfg(unix)]
    #[test]
    fn a_regular_file_is_replaced_and_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link is still one");
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn creating_a_file_overwrites_nothing_and_leaves_no_temporary_file() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let (file, link, taken) = (home.path().join("file"), home.path().join("link"), home.path().join("taken"));
        create_new(&file, b"new").unwrap();
        fs::write(&taken, "old").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions(), fs::metadata(&taken).unwrap().permissions());
        assert_ne!(fs::metadata(&file).unwrap().permissions().mode() & 0o044, 0, "others may read it");
        std::os::unix::fs::symlink("none", &link).unwrap();
        for there in [&file, &link, &taken] {
            assert_eq!(create_new(there, b"x").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(!home.path().join("none").exists());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_becomes_a_lock() {
        let home = tempfile::tempdir().unwrap();
        for target in ["none", "file", "/dev/null"] {
            let link = home.path().join("lock");
            fs::write(home.path().join("file"), "precious").unwrap();
            std::os::unix::fs::symlink(target, &link).unwrap();
            assert!(open_regular(&link).unwrap_err().to_string().contains("it is a link"), "{target}");
            fs::remove_file(&link).unwrap();
        }
        assert!(!home.path().join("none").exists());
        open_regular(&home.path().join("lock")).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn dead_links_are_not_written_through() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        std::os::unix::fs::symlink("none", &link).unwrap();
        assert!(write(&link, b"x").unwrap_err().to_string().contains("broken link"));
        assert!(!home.path().join("none").exists());
    }
}
