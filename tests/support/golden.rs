//! Comparison with golden files, `tests/golden/<name>`; `SINDRI_BLESS=1` rewrites them.

use std::path::{Path, PathBuf};

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Whether this run rewrites golden files. As everywhere, an empty variable counts as unset.
pub fn rewrites() -> bool {
    std::env::var_os("SINDRI_BLESS").is_some_and(|value| !value.is_empty())
}

#[track_caller]
pub fn check(name: &str, actual: &str) {
    let path = path(name);
    if rewrites() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the golden folder");
        return std::fs::write(&path, actual).expect("a golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = similar::TextDiff::from_lines(expected.as_str(), actual);
    assert!(expected == actual, "{name} differs (SINDRI_BLESS=1 rewrites it):\n{}", difference.unified_diff());
}
