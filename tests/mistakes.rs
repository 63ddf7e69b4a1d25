//! Common mistakes and sindri's messages: `tests/golden/mistakes/NAME.yaml` gives `NAME.txt`.
//!
//! `SINDRI_BLESS=1` rewrites the texts. Read them before committing: each must name the mistake, its place and the
//! right form.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use miette::GraphicalTheme;
use sindri::config::{LoadOptions, check_text};
use sindri::render::draw;

use crate::support::golden;

const WIDTH: usize = 80;

/// Every configuration in the folder, sorted by name.
fn mistakes() -> Vec<PathBuf> {
    let paths = fs::read_dir(golden::path("mistakes")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "yaml")).collect();
    paths.sort();
    paths
}

/// The report on a terminal with 80 columns and without colours.
fn report(yaml: &str) -> String {
    let problems = match check_text(Path::new("/nowhere/sindri.yaml"), yaml, &LoadOptions::alone("/nowhere")) {
        Err(problems) => problems,
        Ok(_) => return "no mistake\n".to_owned(),
    };
    let text = draw(&problems, GraphicalTheme::none(), Some(WIDTH));
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn each_mistake_is_reported_with_its_position_and_the_correct_form() {
    let bless = golden::rewrites();
    let mut different = Vec::new();
    let mistakes = mistakes();
    assert!(mistakes.len() >= 50, "{}", mistakes.len());
    for path in mistakes {
        let text = report(&fs::read_to_string(&path).unwrap());
        let expected = path.with_extension("txt");
        if bless {
            fs::write(&expected, &text).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != text {
            different.push(format!("{}\n{text}", path.display()));
        }
        assert!(text.contains("help: "), "{} has no help:\n{text}", path.display());
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
        assert!(wide.is_empty(), "{}: {wide:?}", path.display());
        assert!(!text.contains("s3cret"), "{} shows a secret:\n{text}", path.display());
    }
    assert!(different.is_empty(), "SINDRI_BLESS=1 writes these anew:\n{}", different.join("\n"));
}
