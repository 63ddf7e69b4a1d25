//! Opens a file once and checks the opened file.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::boundary::{Boundary, is_system, real_path};
use super::error::{ReadError, UnreadableReason};

/// Size limit for states, saved plans and emulator worlds. A saved plan of 10,000 pods takes a tenth of it.
pub const LARGEST: u64 = 256 << 20;

/// The bytes of a regular file of at most `limit` bytes, inside `boundary` if one is given.
///
/// # Errors
/// The reason why it was not read.
pub fn read_bytes(path: &Path, boundary: Option<&Boundary>, limit: u64) -> Result<Vec<u8>, ReadError> {
    bytes(path, boundary, limit).map_err(|reason| ReadError::new(path, reason))
}

/// Like [`read_bytes`], for UTF-8 text. Drops a byte order mark.
///
/// # Errors
/// The reason why it was not read.
pub fn read_text(path: &Path, boundary: Option<&Boundary>, limit: u64) -> Result<String, ReadError> {
    bytes(path, boundary, limit).and_then(text).map_err(|reason| ReadError::new(path, reason))
}

fn bytes(path: &Path, boundary: Option<&Boundary>, limit: u64) -> Result<Vec<u8>, UnreadableReason> {
    let real = real_path(path);
    // Checked first, so that the error does not reveal which files exist outside.
    check_place(&real, boundary)?;
    // Opening a device can have side effects, so check its type first.
    check_kind(&fs::symlink_metadata(&real)?)?;
    let file = open(&real)?;
    // The file may have been swapped in the meantime. These checks apply to the open file.
    let found = file.metadata()?;
    check_kind(&found)?;
    check_place(&place_of(&file, &found, real)?, boundary)?;
    check_file_system(&file, path)?;
    if found.len() > limit {
        return Err(UnreadableReason::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(UnreadableReason::TooLarge { limit }) } else { Ok(bytes) }
}

fn check_place(real: &Path, boundary: Option<&Boundary>) -> Result<(), UnreadableReason> {
    match boundary {
        Some(boundary) => boundary.check(real),
        None if is_system(real) => Err(UnreadableReason::System { real: real.to_owned() }),
        None => Ok(()),
    }
}

fn check_kind(found: &Metadata) -> Result<(), UnreadableReason> {
    match irregular(found) {
        None => Ok(()),
        Some(_) if found.is_dir() => Err(UnreadableReason::Folder),
        // A real path ends in a link only if the link is dead.
        Some(_) if found.is_symlink() => Err(UnreadableReason::DeadLink),
        Some(kind) => Err(UnreadableReason::Special(kind)),
    }
}

/// Describes the object at the path if it is not a regular file.
pub fn irregular(found: &Metadata) -> Option<&'static str> {
    if found.is_file() {
        None
    } else if found.is_dir() {
        Some("a folder")
    } else if found.is_symlink() {
        Some("a link")
    } else {
        Some("a pipe, socket or device")
    }
}

/// Opens without following a final link and without waiting for a writer.
#[cfg(unix)]
fn open(real: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags).open(real)
}

#[cfg(not(unix))]
fn open(real: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(real)
}

/// The real path of an open file. Linux reports it; elsewhere the path is resolved again and must lead to the same
/// file.
fn place_of(file: &File, found: &Metadata, real: PathBuf) -> Result<PathBuf, UnreadableReason> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        if let Ok(place) = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())) {
            return Ok(place);
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let again = fs::symlink_metadata(&real)?;
        if (again.dev(), again.ino()) != (found.dev(), found.ino()) {
            return Err(UnreadableReason::Other("it was replaced while it was read".into()));
        }
    }
    let _ = (file, found);
    Ok(fs::canonicalize(&real)?)
}

/// Refuses a pseudo file system mounted at another path.
#[cfg(target_os = "linux")]
fn check_file_system(file: &File, path: &Path) -> Result<(), UnreadableReason> {
    // Source: linux/magic.h, `PROC_SUPER_MAGIC` and `SYSFS_MAGIC`.
    const PSEUDO: [u32; 2] = [0x9fa0, 0x6265_6572];
    // The type is wider on some platforms; both numbers fit into 32 bits.
    let kind = rustix::fs::fstatfs(file).map(|found| u32::try_from(found.f_type));
    match kind {
        Ok(Ok(kind)) if PSEUDO.contains(&kind) => Err(UnreadableReason::System { real: path.to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn check_file_system(_: &File, _: &Path) -> Result<(), UnreadableReason> {
    Ok(())
}

fn text(bytes: Vec<u8>) -> Result<String, UnreadableReason> {
    const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) || bytes.contains(&0) {
        return Err(UnreadableReason::Utf16);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        UnreadableReason::NotUtf8 { line: before.iter().filter(|byte| **byte == b'\n').count() + 1 }
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const LIMIT: u64 = 100;

    /// Reads `name` in a project with these links, each written `name -> target`.
    fn read(links: &[(&str, &str)], name: &str) -> Result<String, UnreadableReason> {
        let top = tempfile::tempdir().unwrap();
        let project = top.path().join("project");
        fs::create_dir_all(project.join("folder")).unwrap();
        fs::write(project.join("plain"), "inside").unwrap();
        fs::write(top.path().join("outside"), "outside").unwrap();
        for (link, target) in links {
            symlink(target, project.join(link)).unwrap();
        }
        rustix::fs::mknodat(
            rustix::fs::CWD,
            project.join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let boundary = Boundary::around(&project, &[]);
        read_text(&project.join(name), Some(&boundary), LIMIT).map_err(|error| error.reason)
    }

    #[test]
    fn links_are_followed_inside_the_project_only() {
        assert_eq!(read(&[("link", "plain")], "link").unwrap(), "inside");
        assert_eq!(read(&[("link", "folder/../plain")], "link").unwrap(), "inside");
        for (links, name) in [
            (&[("link", "../outside")][..], "link"),
            (&[("link", "second"), ("second", "../outside")], "link"),
            (&[("up", "..")], "up/outside"),
            (&[], "../outside"),
            (&[], "folder/../../outside"),
            (&[], "/etc/passwd"),
            // The error is the same for a missing file.
            (&[], "../missing"),
            (&[("up", "..")], "up/missing"),
        ] {
            assert!(matches!(read(links, name), Err(UnreadableReason::Outside { .. })), "{name}");
        }
        assert_eq!(read(&[("link", "nowhere")], "link"), Err(UnreadableReason::DeadLink));
        assert!(matches!(read(&[("link", "link")], "link"), Err(UnreadableReason::DeadLink)));
        assert_eq!(read(&[], "missing"), Err(UnreadableReason::Missing));
        // A state below a file must not count as a missing state.
        assert!(matches!(read(&[], "plain/below"), Err(UnreadableReason::Other(_))));
    }

    #[test]
    fn only_regular_files_are_read() {
        assert_eq!(read(&[], "folder"), Err(UnreadableReason::Folder));
        assert_eq!(read(&[], "pipe"), Err(UnreadableReason::Special("a pipe, socket or device")));
        assert_eq!(read(&[("link", "pipe")], "link"), Err(UnreadableReason::Special("a pipe, socket or device")));
        let device = read_bytes(Path::new("/dev/zero"), None, LIMIT).unwrap_err();
        assert_eq!(device.reason, UnreadableReason::Special("a pipe, socket or device"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn process_files_are_never_read() {
        for name in ["/proc/self/environ", "/proc/self/cmdline", "/proc/self/task/../environ"] {
            let refused = read_bytes(Path::new(name), None, LIMIT).unwrap_err();
            assert!(matches!(refused.reason, UnreadableReason::System { .. }), "{name}");
            assert!(matches!(read(&[("link", name)], "link"), Err(UnreadableReason::System { .. })), "{name}");
        }
        let file = File::open("/proc/self/environ").unwrap();
        assert!(check_file_system(&file, Path::new("mounted/environ")).is_err());
    }

    #[test]
    fn size_permission_and_encoding_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read_text(&path, None, LIMIT).map_err(|error| error.reason)
        };
        assert_eq!(read(&[b'x'; 100]).unwrap().len(), 100);
        assert_eq!(read(&[b'x'; 101]), Err(UnreadableReason::TooLarge { limit: LIMIT }));
        assert_eq!(read("\u{feff}text".as_bytes()).unwrap(), "text");
        assert_eq!(read(b"one\ntwo\xe9\n"), Err(UnreadableReason::NotUtf8 { line: 2 }));
        assert_eq!(read(b"\xff\xfea\0\n\0"), Err(UnreadableReason::Utf16));
        assert_eq!(read(b"a\0b\0"), Err(UnreadableReason::Utf16));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // The superuser can read everything.
        if let Err(error) = read_bytes(&path, None, LIMIT) {
            assert_eq!(error.reason, UnreadableReason::Permission);
        }
    }
}
