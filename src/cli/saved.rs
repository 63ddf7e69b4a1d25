//! Saved plans on disk.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::error::Category;

use super::exit::{Exit, Failure, FailureCode};
use crate::files::{self, LARGEST, UnreadableReason, WriteTarget, read_bytes, read_text};
use crate::model::text::escaped;
use crate::planner::review::saved::{FORMAT_VERSION, SavedPlan};

/// Reads a plan from `plan --out`, and checks its digest.
pub fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let name = path.display().to_string();
    let text = read_text(path, None, LARGEST).map_err(|error| {
        let help = match error.reason {
            UnreadableReason::Missing => "`sindri plan --out FILE` writes one",
            _ => error.reason.help(),
        };
        refuse(FailureCode::PlanUnreadable, format!("cannot read the plan `{name}`: {}", error.reason), help)
    })?;
    parse(&name, &text)
}

fn refuse(code: FailureCode, message: String, help: &str) -> Failure {
    Failure::message(Exit::Error, code, message, Some(format!("{help}; nothing was changed")))
}

/// Parses the plan in `text`, the content of the file `name`.
pub fn parse(name: &str, text: &str) -> Result<SavedPlan, Failure> {
    let refuse_json = |error: serde_json::Error, misfit: &str| {
        refuse(FailureCode::NoPlan, no_plan(name, &error, misfit), "`sindri plan --out FILE` writes one")
    };
    let version =
        from_json::<FormatVersion>(text).map_err(|error| refuse_json(error, "it has no plan format version"))?;
    if version.format_version != FORMAT_VERSION {
        let (found, known) = (version.format_version, FORMAT_VERSION);
        return Err(refuse(
            if found > known { FailureCode::NewerPlan } else { FailureCode::OlderPlan },
            format!("`{name}` has format {found}, but this sindri reads format {known}"),
            "plan again with this sindri, or use the one that wrote the file",
        ));
    }
    let plan: SavedPlan = from_json(text).map_err(|error| refuse_json(error, "it has a missing or unknown value"))?;
    plan.verify().map_err(|_| {
        let id = &plan.plan_id;
        let message = format!("`{name}` was changed after it was written; it no longer matches plan `{id}`");
        refuse(FailureCode::PlanTampered, message, "plan again, and review the new plan")
    })?;
    Ok(plan)
}

/// The position where the file stops being a plan. The parser's message is not used, because it may quote the file,
/// which may be any file. `misfit` says what is wrong with JSON that does not fit.
fn no_plan(name: &str, error: &serde_json::Error, misfit: &str) -> String {
    let what = match error.classify() {
        Category::Data => misfit,
        Category::Eof => "it ends too early",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    format!("`{name}` is not a saved plan: {what} (line {}, column {})", error.line(), error.column())
}

#[derive(Deserialize)]
struct FormatVersion {
    format_version: u32,
    // A field that no other JSON file has.
    #[serde(rename = "plan_id")]
    _plan_id: String,
}

fn from_json<T: for<'de> Deserialize<'de>>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

/// Refuses a path at which sindri keeps a state, lock or journal, even before that file exists.
pub fn refuse_own_file(path: &Path, own: &[PathBuf]) -> Result<(), Failure> {
    let real = files::real_path(path);
    if own.iter().all(|own| files::real_path(own) != real) {
        return Ok(());
    }
    Err(Failure::message(
        Exit::Error,
        FailureCode::OwnFile,
        format!("sindri keeps a state, its lock or its journal in `{}`", path.display()),
        Some("choose another file, for example `--out plan.json`; nothing was written".into()),
    ))
}

/// Writes a plan. Replaces only another plan or an empty file; also writes to pipes and devices.
pub fn write(path: &Path, plan: &SavedPlan) -> Result<(), Failure> {
    let name = path.display();
    let fail = |error: io::Error| {
        Failure::message(
            Exit::Error,
            FailureCode::PlanUnwritable,
            format!("cannot write the plan to `{name}`: {error}"),
            Some("`--out` takes the name of a file in a folder that exists".into()),
        )
    };
    if files::target(path).map_err(fail)? == WriteTarget::Replaced && holds_something_else(path) {
        return Err(Failure::message(
            Exit::Error,
            FailureCode::NotOverwritten,
            format!("`{name}` exists and is not a saved plan"),
            Some("choose another file, or remove that one; nothing was written".into()),
        ));
    }
    let mut text = serde_json::to_string_pretty(plan).map_err(|error| fail(error.into()))?;
    text.push('\n');
    files::write(path, escaped(&text).as_bytes()).map_err(fail)
}

/// Whether a regular file contains something other than a plan. A file that cannot be read may contain anything.
fn holds_something_else(path: &Path) -> bool {
    match read_bytes(path, None, LARGEST) {
        Ok(text) => !text.is_empty() && serde_json::from_slice::<FormatVersion>(&text).is_err(),
        Err(error) => !error.is_missing(),
    }
}
