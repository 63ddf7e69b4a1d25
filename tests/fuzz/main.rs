//! Every untrusted input, mutated at random: nothing panics, runs for long or takes much memory.
//!
//! The same entry points run under libFuzzer (`fuzz/`, docs/reliability.md). Here a seed gives the same inputs on every
//! machine. `SINDRI_FUZZ_ROUNDS` sets the number of mutations per file. A failure prints the seed that replays it.

mod memory;
mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use sindri::fuzz;

/// Mutations of each seed file.
const ROUNDS: u64 = 12;
/// Time limit for one input on this machine, without optimisation and beside other tests.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// Highest memory use, in bytes.
const MEMORY_LIMIT: usize = 128 << 20;

fn rounds() -> u64 {
    std::env::var("SINDRI_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// Runs one input, and identifies it if it fails.
#[track_caller]
fn holds(what: &str, entry: fn(&[u8]), input: &[u8]) {
    let start = Instant::now();
    let (peak, result) = memory::peak(|| catch_unwind(AssertUnwindSafe(|| entry(input))));
    let file = || {
        let path =
            std::env::temp_dir().join(format!("sindri-fuzz-{}", what.replace(|c: char| !c.is_alphanumeric(), "-")));
        fs::write(&path, input).expect("written");
        path.display().to_string()
    };
    assert!(result.is_ok(), "{what}: panicked; the input is in {}", file());
    assert!(start.elapsed() < TIME_LIMIT, "{what}: took {:?}; the input is in {}", start.elapsed(), file());
    assert!(peak < MEMORY_LIMIT, "{what}: took {peak} bytes; the input is in {}", file());
}

/// Every file below `folders` with this ending, unchanged and mutated.
fn run(entry: fn(&[u8]), folders: &[&str], ending: &str, mutate: fn(&mut fastrand::Rng, &[u8]) -> Vec<u8>) {
    let mut files = Vec::new();
    for folder in folders {
        files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), ending, &mut files);
    }
    assert!(!files.is_empty(), "no seeds");
    files.sort();
    for path in files {
        let text = fs::read(&path).expect("readable");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        holds(&name, entry, &text);
        for seed in 0..rounds() {
            let mut dice = fastrand::Rng::with_seed(seed);
            let mutated = mutate(&mut dice, &text);
            holds(&format!("{name}, seed {seed}"), entry, &mutated);
        }
    }
}

fn files_below(folder: &Path, ending: &str, into: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, ending, into);
        } else if path.to_string_lossy().ends_with(ending) {
            into.push(path);
        }
    }
}

#[test]
fn configurations() {
    let folders = ["tests/fixtures/seed", "examples/advanced", "examples/fleet", "src/fuzz", "tests/fuzz/found"];
    run(fuzz::configuration, &folders, ".yaml", mutate::lines);
}

#[test]
fn states() {
    run(fuzz::state, &["src/fuzz", "tests/fuzz/found"], "state.json", mutate::json);
}

#[test]
fn journals() {
    run(
        fuzz::journal,
        &["tests/fuzz/seeds", "tests/fuzz/found", "tests/fixtures/journals"],
        ".jsonl",
        mutate::json_lines,
    );
}

#[test]
fn saved_plans() {
    run(fuzz::saved_plan, &["tests/fuzz/seeds", "tests/fuzz/found"], "plan.json", mutate::json);
}

#[test]
fn replies_of_v1() {
    run(fuzz::reply_v1, &["tests/fuzz/seeds", "tests/fuzz/found"], ".v1.json", mutate::json);
}

#[test]
fn replies_of_v2() {
    run(fuzz::reply_v2, &["tests/fuzz/seeds", "tests/fuzz/found"], ".v2.json", mutate::json);
}
