//! Converts existing objects into blocks of a configuration. Values of environment variables are never written, because
//! any of them may be a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::config_kind::ConfigKind;
use super::kinds;
pub use super::lines::KnownIds;
use super::lines::{YamlLines, written};
use crate::model::{Dialect, Object, Value};

/// Leaves room for a number that makes a duplicate key unique.
const LONGEST_KEY: usize = 55;

/// A declaration below the section of its kind.
#[derive(Clone, Debug)]
pub struct YamlBlock {
    /// The name of the kind.
    pub kind: &'static str,
    /// Whole lines, indented for the file.
    pub text: String,
}

/// A file with these blocks.
pub fn document(name: &str, dialect: Dialect, blocks: &[YamlBlock]) -> String {
    let mut text = format!("version: \"3.0\"\nname: {name}\n\nproviders:\n  runpod:\n");
    if dialect != Dialect::default() {
        let _ = writeln!(text, "    apiVersion: {dialect}");
    }
    if let (true, Some(first)) = (blocks.is_empty(), kinds::sections().first()) {
        let _ = writeln!(text, "    {}: {{}}", first.name);
    }
    text + &sections(blocks)
}

/// Only the sections, as they appear below `providers.runpod`.
pub fn sections(blocks: &[YamlBlock]) -> String {
    let mut text = String::new();
    for config in kinds::KINDS.iter() {
        let mut own = blocks.iter().filter(|block| block.kind == config.kind.name).peekable();
        if own.peek().is_some() {
            let _ = writeln!(text, "    {}:", config.section.name);
            own.for_each(|block| text.push_str(&block.text));
        }
    }
    text
}

/// An object under `key`. `ignored` lists attributes that cannot be written so that they read back.
pub fn block(config: &ConfigKind, key: &str, object: &Object, declared: &KnownIds, ignored: &[String]) -> YamlBlock {
    let mut lines = YamlLines(format!("      {key}:\n"));
    (config.write)(&mut lines, object, declared);
    if !ignored.is_empty() {
        let fields = Value::texts(ignored.iter().map(|attribute| config.block.field_of(attribute)));
        lines.line(&format!("lifecycle: {{ ignoreChanges: {} }}", written(&fields)));
    }
    YamlBlock { kind: config.kind.name, text: lines.0 }
}

/// The keys of one section, to choose further ones.
#[derive(Default)]
pub struct FreeKeys {
    taken: BTreeSet<String>,
    /// The first number that may be free, by key. An account may have thousands of pods with one name.
    numbers: BTreeMap<String, usize>,
}

impl FreeKeys {
    /// A valid key for an object of this name, different from all that are taken.
    pub fn free(&mut self, name: &str, otherwise: &str) -> String {
        let key = key(name, otherwise);
        if !self.taken.contains(&key) {
            return key;
        }
        let number = self.numbers.entry(key.clone()).or_insert(2);
        loop {
            let numbered = format!("{key}-{number}");
            if !self.taken.contains(&numbered) {
                return numbered;
            }
            *number += 1;
        }
    }

    pub fn take(&mut self, key: String) {
        self.taken.insert(key);
    }
}

/// A valid key for an object of this name.
pub fn key(name: &str, otherwise: &str) -> String {
    let mut key = String::new();
    for character in name.chars().map(|character| character.to_ascii_lowercase()) {
        match character {
            'a'..='z' | '0'..='9' | '_' => key.push(character),
            _ if key.is_empty() || key.ends_with('-') => {}
            _ => key.push('-'),
        }
    }
    let key = key.trim_matches(|character| matches!(character, '-' | '_'));
    let key = match key.chars().next() {
        None => otherwise.to_owned(),
        Some('a'..='z') => key.to_owned(),
        Some(_) => format!("{otherwise}-{key}"),
    };
    // Only ASCII is left, so every byte is a character.
    key[..key.len().min(LONGEST_KEY)].to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::config::{LoadOptions, check_text};
    use crate::model::credential::{command_line, surely_holds_credential};
    use crate::model::{Address, Computed, Status};

    #[test]
    fn keys_are_valid_and_unique() {
        let mut keys = FreeKeys::default();
        for (name, expected) in [
            ("Trainer", "trainer"),
            ("trainer!", "trainer-2"),
            ("  A  b_c -- d ", "a-b_c-d"),
            ("3090 box", "pod-3090-box"),
            ("日本", "pod"),
            ("", "pod-2"),
            ("_x_", "x"),
        ] {
            let key = keys.free(name, "pod");
            assert_eq!(key, expected, "{name}");
            keys.take(key);
        }
        assert_eq!(keys.free(&"a".repeat(200), "pod").len(), LONGEST_KEY);
    }

    fn made(attributes: Vec<(&str, Value)>) -> Object {
        Object {
            kind: "pod",
            id: "7kq2m9x4ab3c1d".into(),
            name: String::new(),
            attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            marker: None,
            status: Some(Status::Running),
            ready: true,
            computed: Computed::default(),
        }
    }

    proptest! {
        #[test]
        fn any_pod_reads_back_unchanged(name in any::<String>(), words in vec(any::<String>(), 1..4)) {
            prop_assume!(!name.is_empty() && !surely_holds_credential(&name));
            let text = Value::text(&name);
            let command = command_line(words);
            let object = made(vec![
                ("name", text.clone()),
                ("image", "example/image:1".into()),
                ("gpu_types", Value::texts(["NVIDIA L4"])),
                ("command", command.clone()),
                ("registry_auth", Value::text("clx0registry1")),
                ("env", Value::Map([(name.clone(), "never written".into())].into())),
            ]);
            let file = document(
                "p",
                Dialect::V2,
                &[block(&kinds::pod::POD, "k", &object, &KnownIds::default(), &[])],
            );
            prop_assert!(!file.contains("never written"));
            prop_assert!(file.lines().all(|line| !line.contains(|c: char| c.is_control())));
            let options = LoadOptions { offline_secrets: true, ..LoadOptions::alone("/nowhere") };
            let config = check_text(Path::new("/nowhere/sindri.yaml"), &file, &options);
            let config = config.map_err(|problems| TestCaseError::fail(format!("{problems:?}\n{file}")))?;
            let inputs = &config.resources[&Address::new("pod", "k")].inputs;
            prop_assert_eq!(&inputs["name"], &text);
            prop_assert_eq!(&inputs["registry_auth"], &Value::text("clx0registry1"));
            // A command that holds a credential is not written.
            let expected = if command.holds_secret() { Value::Null } else { command };
            prop_assert_eq!(&inputs["command"], &expected);
        }
    }
}
