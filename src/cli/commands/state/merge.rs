//! `sindri state merge`: the merge driver that git calls for a state file changed by both branches.

use std::path::PathBuf;

use serde_json::json;

use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::files::{self, LARGEST, read_bytes};
use crate::store::merge::{FileVersion, Merged, both, merge};

/// `paths` are base, ours and theirs; the result replaces ours.
pub fn run(global: &Global, console: &Console, paths: [&PathBuf; 3]) -> Result<(), Failure> {
    let folder = global.directory.clone().unwrap_or_default();
    let [base, ours, theirs] = paths.map(|path| folder.join(path));
    let read = |path: &PathBuf| {
        read_bytes(path, None, LARGEST).map_err(|error| {
            let help = format!("{}; nothing was written", error.reason.help());
            Failure::message(Exit::Error, FailureCode::Unreadable, error.to_string(), Some(help))
        })
    };
    let bytes = [read(&base)?, read(&ours)?, read(&theirs)?];
    let version = |path, bytes| FileVersion { path, bytes };
    let [base_version, our_version, their_version] =
        [version(&base, &bytes[0][..]), version(&ours, &bytes[1][..]), version(&theirs, &bytes[2][..])];
    let write = |bytes: &[u8]| {
        files::write(&ours, bytes).map_err(|error| {
            let message = format!("cannot write `{}`: {error}", ours.display());
            Failure::message(Exit::Error, FailureCode::CannotWrite, message, None)
        })
    };
    let Merged { bytes, conflicts, foreign } = match merge(&base_version, &our_version, &their_version) {
        Ok(merged) => merged,
        Err(error) => {
            // Git would continue with the current file, so it must not look like a result.
            write(&both(&our_version, &their_version))?;
            return Err(error.into());
        }
    };
    write(&bytes)?;
    const DECIDE: &str = "keep one of the two between the markers, then run `sindri state verify`";
    if let Some(why) = foreign {
        return Err(Failure::message(Exit::Error, FailureCode::TwoStates, why, Some(DECIDE.into())));
    }
    if !conflicts.is_empty() {
        let names: Vec<String> = conflicts.iter().map(|address| format!("`{address}`")).collect();
        let message = format!("both sides changed {}", names.join(", "));
        return Err(Failure::message(Exit::Error, FailureCode::MergeConflict, message, Some(DECIDE.into())));
    }
    if console.json {
        console.json(&json!({ "format_version": "1.0", "merged": ours.display().to_string() }));
    }
    Ok(())
}
