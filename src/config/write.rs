//! Converts existing objects into blocks of a configuration.
//!
//! Every text is quoted and every dollar sign doubled, so that names read back unchanged. Values of environment
//! variables are never written, because any of them may be a secret.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::fields;
use crate::model::{Dialect, Object, Power, Status, Value};

/// Leaves room for a number that makes a duplicate key unique.
const LONGEST_KEY: usize = 55;

/// A block below `networkVolumes` or `pods`.
#[derive(Clone, Debug)]
pub struct YamlBlock {
    pub key: String,
    /// Whole lines, indented for the file.
    pub text: String,
}

/// A file with these blocks.
pub fn document(name: &str, dialect: Dialect, volumes: &[YamlBlock], pods: &[YamlBlock]) -> String {
    let mut text = format!("version: \"3.0\"\nname: {name}\n\nproviders:\n  runpod:\n");
    if dialect != Dialect::default() {
        let _ = writeln!(text, "    apiVersion: {dialect}");
    }
    if volumes.is_empty() && pods.is_empty() {
        text.push_str("    networkVolumes: {}\n");
    }
    text + &blocks(volumes, pods)
}

/// Only the two mappings, as they appear below `providers.runpod`.
pub fn blocks(volumes: &[YamlBlock], pods: &[YamlBlock]) -> String {
    let mut text = String::new();
    for (heading, blocks) in [("networkVolumes", volumes), ("pods", pods)] {
        if !blocks.is_empty() {
            let _ = writeln!(text, "    {heading}:");
            blocks.iter().for_each(|block| text.push_str(&block.text));
        }
    }
    text
}

/// A network volume under `key`.
pub fn volume(key: &str, object: &Object) -> YamlBlock {
    let mut lines = YamlLines::new(key);
    for (field, attribute) in [("name", "name"), ("sizeGb", "size_gb"), ("region", "region"), ("tier", "tier")] {
        lines.field(field, object.attributes.get(attribute));
    }
    lines.into_block(key)
}

/// A pod under `key`. `volume` is the key of the network volume that it mounts, if it is declared; `ignored` lists
/// attributes that cannot be written so that they read back.
pub fn pod(key: &str, object: &Object, volume: Option<&str>, ignored: &[String]) -> YamlBlock {
    let seen = |attribute: &str| object.attributes.get(attribute);
    let set = |attribute: &str| seen(attribute).filter(|value| value.as_bool() == Some(true));
    let mut lines = YamlLines::new(key);
    lines.field("name", seen("name").filter(|name| name.as_text() != Some("")));
    lines.field("image", seen("image"));
    lines.field("gpuType", seen("gpu_types").map(single));
    lines.field("gpuCount", seen("gpu_count").filter(|count| count.as_int() != Some(1)));
    lines.field("cpuFlavor", seen("cpu_flavors").map(single));
    if seen("cpu_flavors").is_some() {
        lines.field("vcpuCount", seen("vcpu_count"));
    }
    lines.field("cloudType", seen("cloud"));
    let mounted = seen("network_volume").filter(|id| id.as_text().is_some_and(|id| !id.is_empty()));
    // A declared volume determines where its pods run.
    lines.field("region", seen("regions").map(single).filter(|_| mounted.is_none() || volume.is_none()));
    lines.field("containerDiskGb", seen("container_disk_gb"));
    match (mounted, volume) {
        (Some(_), Some(volume)) => lines.field("networkVolume", Some(&Value::text(volume))),
        (Some(id), None) => lines.field("networkVolumeId", Some(id)),
        (None, _) => lines.field("volumeSizeGb", Some(seen("volume_gb").unwrap_or(&Value::Int(0)))),
    }
    let mounts = mounted.is_some() || seen("volume_gb").and_then(Value::as_int).is_some_and(|size| size > 0);
    let absolute = |path: &&Value| path.as_text().is_some_and(|path| path.starts_with('/'));
    lines.field("volumeMountPath", seen("volume_mount_path").filter(|_| mounts).filter(absolute));
    lines.field("ports", seen("ports"));
    for (field, attribute) in [("entrypoint", "entrypoint"), ("args", "command")] {
        let words = seen(attribute).filter(|words| words.as_list().is_some_and(|words| !words.is_empty()));
        if words.is_some_and(Value::holds_secret) {
            lines.line(&format!(
                "# `{field}` contains a credential. It is not written here and is unchanged at RunPod."
            ));
        } else {
            lines.field(field, words);
        }
    }
    lines.field("registryAuth", seen("registry_auth"));
    lines.field("globalNetworking", set("global_networking"));
    lines.field("spot", set("spot"));
    lines.field("locked", set("locked"));
    if object.status.as_ref().and_then(Status::power) == Some(Power::Stopped) {
        lines.line("power: stopped");
    }
    if !ignored.is_empty() {
        let field = |attribute: &str| {
            let field = fields::POD.fields().find(|field| field.attribute == Some(attribute));
            field.map_or(attribute, |field| field.name).to_owned()
        };
        let paths = Value::texts(ignored.iter().map(|attribute| field(attribute)));
        lines.line(&format!("lifecycle: {{ ignoreChanges: {} }}", written(&paths)));
    }
    let names: Vec<String> =
        seen("env").and_then(Value::as_map).into_iter().flatten().map(|(name, _)| quoted(name)).collect();
    if !names.is_empty() {
        lines.line("# Its environment is unchanged; a replacement gets only the variables in `env` and `secrets`.");
        lines.line(&format!("# It now has: {}", names.join(", ")));
    }
    lines.into_block(key)
}

/// A valid key for an object of this name, different from all in `taken`.
pub fn key(name: &str, otherwise: &str, taken: &BTreeSet<String>) -> String {
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
    let key = key[..key.len().min(LONGEST_KEY)].to_owned();
    let numbered = (2..).map(|number| format!("{key}-{number}"));
    std::iter::once(key.clone()).chain(numbered).find(|key| !taken.contains(key)).unwrap_or(key)
}

struct YamlLines(String);

impl YamlLines {
    fn new(key: &str) -> Self {
        Self(format!("      {key}:\n"))
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "        {line}");
    }

    /// Writes a field if it has a value.
    fn field(&mut self, field: &str, value: Option<&Value>) {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            self.line(&format!("{field}: {}", written(value)));
        }
    }

    fn into_block(self, key: &str) -> YamlBlock {
        YamlBlock { key: key.to_owned(), text: self.0 }
    }
}

/// The item of a single-item list, as it is usually written.
fn single(value: &Value) -> &Value {
    match value {
        Value::List(items) if items.len() == 1 => &items[0],
        other => other,
    }
}

/// A value on one line.
fn written(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) if is_plain(text) => text.clone(),
        Value::Text(text) => quoted(&text.replace('$', "$$")),
        Value::List(items) => {
            let items = items.iter().filter_map(Value::as_text).map(|item| quoted(&item.replace('$', "$$")));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        // Secrets, unknown values and mappings are never written.
        Value::Null | Value::Secret(_) | Value::Reference(_) | Value::Map(_) => "null".to_owned(),
    }
}

/// A text on one line, with dollar signs doubled: unquoted if YAML cannot misread it, otherwise quoted.
pub(super) fn text(text: &str) -> String {
    written(&Value::text(text))
}

/// Words that every YAML version reads as text: `SECURE`, `US-CA-2`, `trainer-2`.
fn is_plain(text: &str) -> bool {
    let word = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    const OTHER: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    word && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !OTHER.iter().any(|other| text.eq_ignore_ascii_case(other))
}

/// A text in double quotes, on one line, without characters that could hide or rewrite it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        let code = u32::from(character);
        // Writing to a string cannot fail.
        let _ = match character {
            '"' | '\\' => write!(quoted, "\\{character}"),
            '\n' => quoted.write_str("\\n"),
            '\t' => quoted.write_str("\\t"),
            '\r' => quoted.write_str("\\r"),
            visible if is_visible(visible) => quoted.write_char(visible),
            _ if code <= 0xff => write!(quoted, "\\x{code:02x}"),
            _ if code <= 0xffff => write!(quoted, "\\u{code:04x}"),
            _ => write!(quoted, "\\U{code:08x}"),
        };
    }
    quoted.push('"');
    quoted
}

/// Whether a character is displayed as itself. Others may be visible too, but escaping them does no harm.
fn is_visible(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' | '\u{2010}'..='\u{2027}' | '\u{1f300}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::config::{LoadOptions, check_text};
    use crate::model::credential::{command_line, surely_holds_credential};
    use crate::model::{Address, Computed};

    #[test]
    fn keys_are_valid_and_unique() {
        let mut taken = BTreeSet::new();
        for (name, expected) in [
            ("Trainer", "trainer"),
            ("trainer!", "trainer-2"),
            ("  A  b_c -- d ", "a-b_c-d"),
            ("3090 box", "pod-3090-box"),
            ("日本", "pod"),
            ("", "pod-2"),
            ("_x_", "x"),
        ] {
            let key = key(name, "pod", &taken);
            assert_eq!(key, expected, "{name}");
            taken.insert(key);
        }
        assert_eq!(key(&"a".repeat(200), "pod", &taken).len(), LONGEST_KEY);
    }

    #[test]
    fn quoted_texts_are_visible_and_unchanged() {
        for (text, expected) in [
            ("SECURE", "SECURE"),
            ("US-CA-2", "US-CA-2"),
            ("no", "\"no\""),
            ("1e3", "\"1e3\""),
            ("$HOME", "\"$$HOME\""),
            ("a\"b\\c\n\u{1b}\u{202e}\u{e0001}é🚀", "\"a\\\"b\\\\c\\n\\x1b\\u202e\\U000e0001é🚀\""),
        ] {
            assert_eq!(written(&Value::text(text)), expected);
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
            let file = document("p", Dialect::V2, &[], &[pod("k", &object, None, &[])]);
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
