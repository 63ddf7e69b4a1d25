//! Where a volume may be mounted: nowhere that hides what the image needs to start.
//!
//! RunPod's documents only ask for an absolute path (`volumeMountPath` of OpenAPI v1). The rest follows from what a mount
//! does: the volume takes the place of everything that the image has at that path.

/// Folders without which no image starts. A volume there, empty or not, takes their place.
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
/// File systems of the kernel: the container runtime refuses mounts inside them.
const KERNEL: &[&str] = &["dev", "proc", "sys"];
/// Folders in which many images keep programs or settings, and some people keep their data.
const OFTEN_USED: &[&str] = &["home", "opt", "root"];
/// Limits of Linux, in bytes.
const LONGEST_PATH: usize = 4095;
const LONGEST_PART: usize = 255;

/// What is wrong with a mount path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nothing can be mounted there, or nothing should.
    Error(&'static str),
    /// It works with some images.
    Warning(&'static str),
}

/// What is wrong with this path, if anything is.
pub(super) fn check(path: &str) -> Option<Wrong> {
    if !path.starts_with('/') {
        return Some(Wrong::Error("a mount path must be absolute"));
    }
    if path.contains(char::is_control) {
        return Some(Wrong::Error("a mount path has no control characters"));
    }
    if path.contains(':') {
        return Some(Wrong::Error("a mount path has no colon, which separates the two sides of a mount"));
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Some(Wrong::Error("a mount path has no `..`"));
    }
    if path.len() > LONGEST_PATH || parts.iter().any(|part| part.len() > LONGEST_PART) {
        return Some(Wrong::Error("this mount path is longer than Linux allows"));
    }
    let plain = parts.join("/");
    if plain.is_empty() || NEEDED.contains(&plain.as_str()) {
        return Some(Wrong::Error("a volume mounted here hides files of the image that it needs to start"));
    }
    if parts.first().is_some_and(|first| KERNEL.contains(first)) {
        return Some(Wrong::Error("nothing can be mounted here: these files belong to the kernel"));
    }
    OFTEN_USED
        .contains(&plain.as_str())
        .then_some(Wrong::Warning("a volume mounted here hides what the image has in this folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_data_are_fine() {
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
            assert!(matches!(check(path), Some(Wrong::Warning(_))), "{path}");
        }
    }

    #[test]
    fn what_an_image_needs_is_never_hidden() {
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
            assert!(matches!(check(path), Some(Wrong::Error(_))), "{path:?}");
        }
    }
}
