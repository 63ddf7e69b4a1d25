//! The layers above the kinds know no kind by its name, and no attribute by its literal. What they need to know of a
//! kind is a member of its table.

use std::fs;
use std::path::Path;

use sindri::kind::KINDS;

use super::{rust_files, source};

const LAYERS: [&str; 6] = ["planner", "apply", "store", "render", "observe.rs", "resource"];

/// Literals that are spelled like an attribute and mean something else, each with the layer and the meaning.
const OTHER_MEANINGS: [(&str, &str, &str); 10] = [
    ("apply", "ports", "a condition of `sindri wait`"),
    ("apply", "port", "a noun in the help of `sindri wait`"),
    ("render", "name", "a member of JSON output"),
    ("render", "size_gb", "the size of a loss in JSON output"),
    ("render", "port", "a member of JSON output"),
    ("render", "region", "a member of JSON output"),
    ("render", "command", "a member of JSON output"),
    ("render", "description", "a keyword of JSON schemas"),
    ("render", "username", "a member of JSON output"),
    ("render", "version", "a noun in sentences about drift"),
];

/// The texts between double quotes in a line of code, without those in comments.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split(" //").next().unwrap_or_default().split('"').skip(1).step_by(2)
}

/// Each use of a kind's name or an attribute in the code of a layer: layer, literal and place.
fn found() -> Vec<(&'static str, String, String)> {
    let attributes = || KINDS.iter().flat_map(|kind| kind.attributes).map(|attribute| attribute.name);
    let is_name = |text: &str| KINDS.iter().any(|kind| [kind.name, kind.title].contains(&text));
    let mut found = Vec::new();
    for layer in LAYERS {
        let mut files = Vec::new();
        match source().join(layer) {
            path if path.is_dir() => rust_files(&path, &mut files),
            path => files.push(path),
        }
        // The clone itself may be in a folder of that name.
        let inside = |file: &Path| file.strip_prefix(source()).unwrap().to_path_buf();
        let is_test = |file: &Path| inside(file).components().any(|part| part.as_os_str() == "tests");
        for file in files.iter().filter(|file| !is_test(file)) {
            let text = fs::read_to_string(file).unwrap();
            // Unit tests are the last item of a file.
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for (number, line) in (1..).zip(code.lines()).filter(|(_, line)| !line.trim_start().starts_with("//")) {
                let place = || format!("{}:{number}", inside(file).display());
                for literal in literals(line).filter(|text| is_name(text) || attributes().any(|name| name == *text)) {
                    found.push((layer, literal.to_owned(), place()));
                }
                let statics = KINDS.iter().map(|kind| kind.name.to_uppercase());
                for name in statics
                    .filter(|name| line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name))
                {
                    found.push((layer, name, place()));
                }
            }
        }
    }
    found
}

#[test]
fn no_layer_above_the_kinds_names_a_kind_or_an_attribute() {
    let found = found();
    let is_other = |(layer, literal, _): &&(&str, String, String)| {
        OTHER_MEANINGS.iter().any(|(other, word, _)| other == layer && word == literal)
    };
    let named: Vec<String> =
        found.iter().filter(|it| !is_other(it)).map(|(_, literal, place)| format!("`{literal}` in {place}")).collect();
    assert_eq!(named, Vec::<String>::new(), "make it a member of the kind's table");
    for (layer, word, meaning) in OTHER_MEANINGS {
        let used = found.iter().any(|(other, literal, _)| *other == layer && literal == word);
        assert!(used, "`{word}` as {meaning} is no longer in {layer}, and needs no exception");
    }
}

#[test]
fn literals_are_found_and_comments_are_not() {
    let line = r#"let name = ("pod", x["image"]); // not "port""#;
    assert_eq!(literals(line).collect::<Vec<_>>(), ["pod", "image"]);
}
