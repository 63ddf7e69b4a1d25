//! The output shown in docs/ci.md is real: its captures are the golden files. `SINDRI_BLESS=1` rewrites them.

use std::fs;
use std::path::Path;

use crate::support::golden;

#[test]
fn the_page_shows_real_output() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let page = fs::read_to_string(&path).expect("a page");
    let (mut written, mut rest, mut captures) = (String::new(), page.as_str(), 0);
    while let Some((before, after)) = rest.split_once("<!-- capture: ") {
        let (name, after) = after.split_once(" -->\n").expect("a name");
        let (_, after) = after.split_once("<!-- /capture -->\n").expect("an end");
        let text = fs::read_to_string(golden::path(&format!("ci/{name}"))).expect("a golden file");
        // Longer than any fence inside.
        let fence = "`".repeat(5);
        assert!(!text.contains(&fence), "{name}");
        let text = text.trim_end();
        written += &format!("{before}<!-- capture: {name} -->\n{fence}markdown\n{text}\n{fence}\n<!-- /capture -->\n");
        (rest, captures) = (after, captures + 1);
    }
    written += rest;
    assert!(captures >= 5, "only {captures} captures");
    if golden::rewrites() {
        return fs::write(&path, written).expect("written");
    }
    let difference = similar::TextDiff::from_lines(page.as_str(), &written);
    assert!(
        page == written,
        "docs/ci.md shows something else (SINDRI_BLESS=1 rewrites it):\n{}",
        difference.unified_diff()
    );
}
