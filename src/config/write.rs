//! Converts existing objects into blocks of a configuration. Values of environment variables are never written, because
//! any of them may be a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::config_kind::{ConfigKind, FileSectionForm};
use super::kinds;
pub use super::lines::KnownIds;
use super::lines::{YamlLines, written};
use crate::model::{Dialect, Object, Value};

/// Leaves room for a number that makes a duplicate key unique.
const LONGEST_KEY: usize = 55;

/// A declaration in the section of its kind.
#[derive(Clone, Debug)]
pub struct YamlBlock {
    /// The name of the kind.
    pub kind: &'static str,
    /// Whole lines, indented for the file.
    pub text: String,
}

/// A file with these blocks.
pub fn document(name: &str, dialect: Dialect, blocks: &[YamlBlock]) -> String {
    let lists = lists(blocks);
    let gap = if lists.is_empty() { "" } else { "\n" };
    let mut text = format!("version: \"3.0\"\nname: {name}\n{gap}{lists}\nproviders:\n  runpod:\n");
    if dialect != Dialect::default() {
        let _ = writeln!(text, "    apiVersion: {dialect}");
    }
    let sections = sections(blocks);
    if let (true, Some(first)) = (sections.is_empty(), kinds::sections().first()) {
        let _ = writeln!(text, "    {}: {{}}", first.name);
    }
    text + &sections
}

/// Only the lists at the top of the file.
pub fn lists(blocks: &[YamlBlock]) -> String {
    in_sections(blocks, |form| match form {
        FileSectionForm::List(name) => Some(format!("{name}:\n")),
        FileSectionForm::Mapping(_) => None,
    })
}

/// Only the mappings, as they appear below `providers.runpod`.
pub fn sections(blocks: &[YamlBlock]) -> String {
    in_sections(blocks, |form| match form {
        FileSectionForm::Mapping(field) => Some(format!("    {}:\n", field.name)),
        FileSectionForm::List(_) => None,
    })
}

/// The blocks of the kinds whose section has a heading. Kinds that share a section follow each other.
fn in_sections(blocks: &[YamlBlock], heading: impl Fn(&FileSectionForm) -> Option<String>) -> String {
    let (mut text, mut last) = (String::new(), String::new());
    for config in kinds::KINDS.iter() {
        let Some(heading) = heading(&config.section.form) else { continue };
        let own: String =
            blocks.iter().filter(|block| block.kind == config.kind.name).map(|block| block.text.as_str()).collect();
        if own.is_empty() {
            continue;
        }
        if heading != last {
            text.push_str(&heading);
            last = heading;
        }
        text.push_str(&own);
    }
    text
}

/// An object under `key`. `ignored` lists attributes that cannot be written so that they read back.
pub fn block(config: &ConfigKind, key: &str, object: &Object, declared: &KnownIds, ignored: &[String]) -> YamlBlock {
    let mut lines = match config.section.form {
        FileSectionForm::Mapping(_) => YamlLines::new(format!("      {key}:\n"), "        "),
        FileSectionForm::List(_) => YamlLines::new(format!("  - name: {key}\n"), "    "),
    };
    (config.write)(&mut lines, object, declared);
    if !ignored.is_empty() {
        let fields = Value::texts(ignored.iter().map(|attribute| config.block.field_of(attribute)));
        lines.line(&format!("lifecycle: {{ ignoreChanges: {} }}", written(&fields)));
    }
    YamlBlock { kind: config.kind.name, text: lines.text }
}

/// The keys of one section, to choose further ones.
pub struct FreeKeys {
    /// Whether the keys are names of environment variables.
    are_variables: bool,
    taken: BTreeSet<String>,
    /// The first number that may be free, by key. An account may have thousands of pods with one name.
    numbers: BTreeMap<String, usize>,
}

impl FreeKeys {
    /// No keys yet in the section of this kind.
    pub fn of(config: &ConfigKind) -> Self {
        let are_variables = config.section.field().is_none();
        Self { are_variables, taken: BTreeSet::new(), numbers: BTreeMap::new() }
    }

    /// A valid key for an object of this name, different from all that are taken.
    pub fn free(&mut self, name: &str, otherwise: &str) -> String {
        let (key, gap) = match self.are_variables {
            true => (variable(name, otherwise), "_"),
            false => (key(name, otherwise), "-"),
        };
        if !self.taken.contains(&key) {
            return key;
        }
        let number = self.numbers.entry(key.clone()).or_insert(2);
        loop {
            let numbered = format!("{key}{gap}{number}");
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

/// A valid name of an environment variable for an object of this name.
fn variable(name: &str, otherwise: &str) -> String {
    let plain = name.replace(|c: char| !(c.is_ascii_alphanumeric() || c == '_'), "_");
    match plain.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{plain}"),
        Some(_) => plain,
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
        let mut keys = FreeKeys::of(&kinds::pod::POD);
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
        let mut names = FreeKeys::of(&kinds::secret::SECRET);
        for (name, expected) in
            [("HF_TOKEN", "HF_TOKEN"), ("HF_TOKEN", "HF_TOKEN_2"), ("team/a.b", "team_a_b"), ("1x", "_1x")]
        {
            let name = names.free(name, "SECRET");
            assert_eq!(name, expected);
            names.take(name);
        }
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
