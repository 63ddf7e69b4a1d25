//! A kind of its own is registered in one file per layer and goes through the whole engine.
//!
//! The process of this test is also the `sindri` that it runs: under that name it registers the kind and is the
//! command line. The emulator that it serves knows the kind too.

mod support;

mod added_kind {
    pub mod shelf;
    pub mod stories;
}

use std::path::Path;
use std::process::ExitCode;

const COMMAND: &str = "sindri";

fn main() -> ExitCode {
    added_kind::shelf::register();
    let name = std::env::args_os().next().unwrap_or_default();
    if Path::new(&name).file_stem().is_some_and(|stem| stem == COMMAND) {
        return sindri::cli::main();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let command = folder.path().join(COMMAND);
    std::fs::copy(std::env::current_exe().expect("its path"), &command).expect("copied");
    support::BINARY.set(command).expect("no command ran before");

    let filters: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let mut exit = ExitCode::SUCCESS;
    for (name, story) in added_kind::stories::ALL.iter().filter(|(name, _)| wanted(name)) {
        let passes = std::panic::catch_unwind(story).is_ok();
        println!("test {name} ... {}", if passes { "ok" } else { "FAILED" });
        if !passes {
            exit = ExitCode::FAILURE;
        }
    }
    exit
}
