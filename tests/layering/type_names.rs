//! A type name that several modules use for different things makes a reader look up which one a line means.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::{rust_files, source};

/// Names that several modules may share, each with its reason.
const SHARED: [(&str, &str); 1] = [("Signals", "one implementation per operating system, of which one is compiled")];

/// The names of the types that `text` defines. Associated types and unit tests do not count.
fn type_names(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Attributes and macro patterns are not definitions; `pub` and its scope come before the keyword.
        let keyword = words.iter().position(|word| !word.starts_with("pub") && !word.starts_with("crate")).unwrap_or(0);
        let keyword = if words.get(keyword) == Some(&"unsafe") { keyword + 1 } else { keyword };
        let (Some(&word), Some(&name)) = (words.get(keyword), words.get(keyword + 1)) else { continue };
        let is_associated = word == "type" && line.starts_with(' ');
        if !is_associated && ["struct", "enum", "trait", "union", "type"].contains(&word) {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            found.push(&name[..end]);
        }
    }
    found.retain(|name| name.starts_with(char::is_uppercase));
    found
}

/// Whether a file contains unit tests only.
fn is_test(path: &std::path::Path) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy();
    name == "tests" || name.ends_with("_tests") || path.components().any(|part| part.as_os_str() == "tests")
}

/// Every name that is defined more than once, with the files of its definitions.
fn duplicates(files: &[(PathBuf, String)]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, text) in files {
        for name in type_names(text) {
            places.entry(name).or_default().push(path.display().to_string());
        }
    }
    places.retain(|name, places| places.len() > 1 && !SHARED.iter().any(|(shared, _)| shared == name));
    places.into_iter().map(|(name, places)| format!("`{name}`: {}", places.join(", "))).collect()
}

fn files() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    rust_files(&source(), &mut paths);
    paths.sort();
    let relative = |path: &PathBuf| path.strip_prefix(source()).unwrap().to_owned();
    paths
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).unwrap()))
        .filter(|(path, _)| !is_test(path))
        .collect()
}

#[test]
fn no_two_types_share_a_name() {
    let files = files();
    let names: BTreeSet<&str> = files.iter().flat_map(|(_, text)| type_names(text)).collect();
    assert!(names.len() > 500 && ["Plan", "Kind", "ApiVersion"].iter().all(|name| names.contains(name)), "{names:?}");
    assert_eq!(duplicates(&files), Vec::<String>::new(), "say in each name which one it is");
    for (shared, _) in SHARED {
        let count = files.iter().flat_map(|(_, text)| type_names(text)).filter(|name| *name == shared).count();
        assert!(count > 1, "`{shared}` has one definition and needs no exception");
    }
}

#[test]
fn every_way_to_define_a_type_is_found() {
    let text = "pub(in crate::emulator) struct A<'a> {\n    type Value = B;\npub enum C {\npub(super) type D = u8;\n\
                /// struct E\nunsafe trait F {}\nstruct G;\n    struct H(u8);\n#[cfg(test)]\nmod tests { struct I; }";
    assert_eq!(type_names(text), ["A", "C", "D", "F", "G", "H"]);
    let file = |name: &str, text: &str| (PathBuf::from(name), text.to_owned());
    let shared = [file("a.rs", "pub struct Row {"), file("b.rs", "enum Row {"), file("c.rs", "struct Column;")];
    assert_eq!(duplicates(&shared), ["`Row`: a.rs, b.rs"]);
}
