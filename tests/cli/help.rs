//! The exact text of every `--help`: `tests/golden/help/`. `SINDRI_BLESS=1` rewrites it.

use std::fs;
use std::path::PathBuf;

use crate::support::{BARE, Project, golden};

/// The commands in a help text.
fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The help of `path` and of every command below it.
fn walk(project: &Project, path: &str, found: &mut Vec<(String, String)>) {
    let help = project.offline(&format!("{path} --help")).exits(0);
    assert_eq!(help.stderr, "");
    let below = commands(&help.stdout);
    found.push((path.trim().to_owned(), help.stdout));
    for name in below {
        walk(project, &format!("{path} {name}"), found);
    }
}

#[test]
fn every_command_has_the_expected_help() {
    let project = Project::new(BARE);
    let mut all = Vec::new();
    walk(&project, "", &mut all);
    assert!(all.len() > 20, "{}", all.len());
    let bless = golden::rewrites();
    for (path, help) in &all {
        for (number, line) in help.lines().enumerate() {
            assert_eq!(line, line.trim_end(), "`{path} --help`, line {}: trailing spaces", number + 1);
            assert!(line.chars().count() <= 100, "`{path} --help`, line {}: {line}", number + 1);
        }
        let name = if path.is_empty() { "sindri".to_owned() } else { path.replace(' ', "-") };
        let file = golden::path(&format!("help/{name}.txt"));
        if bless {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, help).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(&kept, help, "`{path} --help` differs from {}; SINDRI_BLESS=1 rewrites it", file.display());
    }
    let kept = fs::read_dir(golden::path("help")).unwrap().count();
    assert_eq!(kept, all.len(), "a golden file stands for no command");
}

#[test]
fn every_command_and_flag_is_in_the_documentation() {
    let project = Project::new(BARE);
    let mut all = Vec::new();
    walk(&project, "", &mut all);
    let page = |name: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let pages = page("commands.md") + &page("emulator.md");
    for (path, help) in all {
        let leaf = commands(&help).is_empty();
        assert!(!leaf || pages.contains(&format!("`{path}")), "`{path}` is in no page");
        let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        for flag in words.filter(|word| word.len() > 2 && word.starts_with("--")) {
            let known = ["--help", "--version"].contains(&flag) || pages.contains(flag);
            assert!(known, "`{flag}` of `{path}` is in no page");
        }
    }
}

#[test]
fn help_shows_no_value_of_the_environment() {
    let mut command = crate::support::sindri(&std::env::temp_dir());
    command.args(["plan", "--help"]).env("RUNPOD_API_BASE_URL", "https://user:canary@gateway.example");
    let said = crate::support::Said::of(&mut command).exits(0).tells("RUNPOD_API_BASE_URL");
    assert!(!said.stdout.contains("canary"), "{}", said.stdout);
}

#[test]
fn the_version_is_that_of_the_package() {
    let said = Project::new(BARE).offline("--version").exits(0);
    assert_eq!(said.stdout, concat!("sindri ", env!("CARGO_PKG_VERSION"), "\n"));
}
