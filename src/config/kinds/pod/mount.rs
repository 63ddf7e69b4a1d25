//! Checks mount paths: a volume must not hide what the image needs to start.
//!
//! RunPod's documents only require an absolute path (`volumeMountPath` of OpenAPI v1). The other rules follow from how
//! mounts work: the volume replaces everything that the image has at that path.

/// Folders that every image needs to start. A volume mounted there, empty or not, would replace them.
const NEEDED: &[&str] = &[
    "bin",
    "boot",
    "etc",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "run",
    "sbin",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/libexec",
    "usr/local",
    "usr/local/bin",
    "usr/local/lib",
    "usr/sbin",
    "usr/share",
    "var",
    "var/lib",
    "var/run",
];
/// Kernel file systems. The container runtime refuses mounts inside them.
const KERNEL: &[&str] = &["dev", "proc", "sys"];
/// Folders that many images use for programs or settings, and some people use for data.
const OFTEN_USED: &[&str] = &["home", "opt", "root"];
/// Linux limits, in bytes.
const LONGEST_PATH: usize = 4095;
const LONGEST_PART: usize = 255;

/// A problem with a mount path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MountProblem {
    /// Mounting there is impossible or harmful.
    Error(&'static str),
    /// It works with some images.
    Warning(&'static str),
}

/// The problem with this path, if there is one.
pub(super) fn check(path: &str) -> Option<MountProblem> {
    if !path.starts_with('/') {
        return Some(MountProblem::Error("a mount path must be absolute"));
    }
    if path.contains(char::is_control) {
        return Some(MountProblem::Error("a mount path cannot contain control characters"));
    }
    if path.contains(':') {
        return Some(MountProblem::Error(
            "a mount path cannot contain a colon, which separates the two sides of a mount",
        ));
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Some(MountProblem::Error("a mount path cannot contain `..`"));
    }
    if path.len() > LONGEST_PATH || parts.iter().any(|part| part.len() > LONGEST_PART) {
        return Some(MountProblem::Error("this mount path is longer than Linux allows"));
    }
    let plain = parts.join("/");
    if plain.is_empty() || NEEDED.contains(&plain.as_str()) {
        return Some(MountProblem::Error("a volume mounted here hides image files that are needed to start"));
    }
    if parts.first().is_some_and(|first| KERNEL.contains(first)) {
        return Some(MountProblem::Error("nothing can be mounted here; the kernel provides these files"));
    }
    OFTEN_USED
        .contains(&plain.as_str())
        .then_some(MountProblem::Warning("a volume mounted here hides the image's files in this folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_paths_are_accepted() {
        for path in [
            "/workspace",
            "/workspace/",
            "/data/./sets",
            "//data",
            "/mnt/a b",
            "/opt/models",
            "/root/.cache",
            "/home/me",
            "/usr/src/app/data",
            "/var/lib/mysql",
            "/runpod-volume",
            "/devices",
            "/binaries",
            "/tmp",
            "/srv",
        ] {
            assert_eq!(check(path), None, "{path}");
        }
        for path in ["/root", "/opt/", "//home"] {
            assert!(matches!(check(path), Some(MountProblem::Warning(_))), "{path}");
        }
    }

    #[test]
    fn folders_that_images_need_are_never_hidden() {
        let long = format!("/{}", "a".repeat(LONGEST_PART + 1));
        for path in [
            "/",
            "//",
            "/.",
            "/usr",
            "/usr/",
            "/usr/./bin",
            "//bin",
            "/etc",
            "/lib64",
            "/var",
            "/proc",
            "/proc/x",
            "/sys",
            "/dev/shm",
            "",
            "workspace",
            "./workspace",
            "~/x",
            "/workspace/..",
            "/a/../etc",
            "/a:/b",
            "/a\0b",
            "/a\nb",
            long.as_str(),
        ] {
            assert!(matches!(check(path), Some(MountProblem::Error(_))), "{path:?}");
        }
    }
}
