//! `docs/errors.md` lists every code of the enums and of the derived diagnostics once, each with a sentence.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use sindri::apply::OperationFault;
use sindri::cli::FailureCode;
use sindri::config::ProblemCode;
use sindri::model::RefusalCode;
use sindri::render::discovery::SkippedAdoptionCode;
use sindri::render::takeover::SkippedImportCode;
use sindri::runpod::ErrorClass;

use super::{rust_files, source};

/// One row of a table: the heading above it, the code, and the other cells.
struct CodeRow {
    heading: String,
    code: String,
    cells: Vec<String>,
}

fn rows(text: &str) -> Vec<CodeRow> {
    let mut heading = "";
    let mut found = Vec::new();
    for line in text.lines() {
        heading = line.strip_prefix("## ").unwrap_or(heading);
        let Some(row) = line.strip_prefix("| `").and_then(|row| row.strip_suffix(" |")) else { continue };
        let (code, cells) = row.split_once("` | ").expect("a code and a sentence");
        let cells = cells.split(" | ").map(str::to_owned).collect();
        found.push(CodeRow { heading: heading.to_owned(), code: code.to_owned(), cells });
    }
    found
}

fn texts(prefix: &str, codes: &[impl Display]) -> BTreeSet<String> {
    codes.iter().map(|code| format!("{prefix}{code}")).collect()
}

/// The codes that `text` names in full: `code(sindri::state::locked)` and `"sindri::state::damaged"`.
fn named(text: &str) -> impl Iterator<Item = String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let starts = ["code(sindri::", "\"sindri::"];
    let rest = starts.into_iter().flat_map(move |start| code.split(start).skip(1));
    rest.filter_map(|rest| {
        let path: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || "_:0123456789".contains(*c)).collect();
        path.contains("::").then(|| format!("sindri::{path}")).filter(|path| !path.ends_with("::"))
    })
}

/// The codes of the diagnostics that a derive or an `impl Diagnostic` gives a fixed code.
fn derived() -> BTreeSet<String> {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    files.iter().flat_map(|file| named(&fs::read_to_string(file).unwrap()).collect::<Vec<_>>()).collect()
}

#[test]
fn the_documentation_lists_every_code_once() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md")).unwrap();
    let rows = rows(&text);
    let derived = derived();
    let of = |families: &[&str]| -> BTreeSet<String> {
        let is_of = |code: &&String| families.iter().any(|family| code.starts_with(&format!("sindri::{family}::")));
        derived.iter().filter(is_of).cloned().collect()
    };
    let failures = texts("sindri::cli::", FailureCode::ALL);
    let imports = &texts("", SkippedImportCode::ALL) | &texts("", SkippedAdoptionCode::ALL);
    let sections = [
        ("Configuration", &texts("sindri::config::", ProblemCode::ALL) | &of(&["graph"])),
        ("Refusals in a plan", texts("", RefusalCode::ALL)),
        ("Commands", failures.clone()),
        ("State", of(&["state"])),
        ("RunPod", &texts("sindri::runpod::", ErrorClass::ALL) | &of(&["transport"])),
        ("Failed operations", texts("", OperationFault::ALL)),
        ("Objects not imported", imports),
        ("Emulator", of(&["emulator"])),
    ];
    for (heading, codes) in &sections {
        let section: Vec<&CodeRow> = rows.iter().filter(|row| row.heading == *heading).collect();
        let listed: Vec<String> = section.iter().map(|row| row.code.clone()).collect();
        let unique: BTreeSet<String> = listed.iter().cloned().collect();
        assert!(!codes.is_empty(), "{heading}: no code was found");
        assert_eq!(unique, *codes, "{heading}");
        assert_eq!(listed.len(), unique.len(), "{heading}: a code is listed twice");
        for CodeRow { code, cells, .. } in section {
            assert!(cells[0].ends_with('.') && cells[0].contains(' '), "`{code}` has no sentence: {cells:?}");
            let known = |error: &String| failures.contains(error.trim_matches('`'));
            assert!(cells[1..].iter().all(known), "`{code}`: {cells:?}");
        }
    }
    let all: BTreeSet<&String> = sections.iter().flat_map(|(_, codes)| codes).collect();
    assert_eq!(derived.iter().filter(|code| !all.contains(code)).count(), 0, "{derived:#?}");
    assert!(rows.iter().all(|row| sections.iter().any(|(heading, _)| row.heading == *heading)));
}

#[test]
fn every_way_to_name_a_code_is_found() {
    let text = "#[diagnostic(code(sindri::state::not_plain), help(\"x\"))]\nBox::new(\"sindri::state::damaged\")\n\
                format!(\"sindri::cli::{}\", code); \"sindri::config\"\n#[cfg(test)]\ncode(sindri::state::test)";
    assert_eq!(named(text).collect::<Vec<_>>(), ["sindri::state::not_plain", "sindri::state::damaged"]);
    let rows = rows("## One\n| Code | Meaning |\n| --- | --- |\n| `a` | It is. | `b` |\n");
    assert_eq!((rows[0].heading.as_str(), rows[0].code.as_str()), ("One", "a"));
    assert_eq!(rows[0].cells, ["It is.", "`b`"]);
    assert_eq!(rows.len(), 1);
}
