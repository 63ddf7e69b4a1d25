//! Saved plans on disk.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;

use super::exit::{Exit, Failure};
use crate::planner::saved::{FORMAT_VERSION, SavedPlan};

/// Reads a plan that `plan --out` wrote, and checks that it is what it says.
pub fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let refuse = |code, message: String, help: &str| {
        Failure::message(Exit::Error, code, message, Some(format!("{help}; nothing was changed")))
    };
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        refuse(
            "plan_unreadable",
            format!("cannot read the plan `{name}`: {error}"),
            "`sindri plan --out FILE` writes one",
        )
    })?;
    let version = parse::<Version>(&text).map_err(|error| {
        refuse("no_plan", format!("`{name}` is no saved plan: {error}"), "`sindri plan --out FILE` writes one")
    })?;
    if version.format_version > FORMAT_VERSION {
        let (found, known) = (version.format_version, FORMAT_VERSION);
        return Err(refuse(
            "newer_plan",
            format!("`{name}` has format {found}, and this sindri reads up to {known}"),
            "use the sindri that wrote it, or plan again with this one",
        ));
    }
    let plan: SavedPlan = parse(&text).map_err(|error| {
        refuse("no_plan", format!("`{name}` is no saved plan: {error}"), "`sindri plan --out FILE` writes one")
    })?;
    plan.verify().map_err(|_| {
        let id = &plan.plan_id;
        let message = format!("`{name}` was changed after it was written: what it shows is not the plan `{id}`");
        refuse("plan_tampered", message, "plan again, and review that")
    })?;
    Ok(plan)
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
    // What no other file of JSON has.
    #[serde(rename = "plan_id")]
    _plan_id: String,
}

fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

/// Writes a plan: all of the file or nothing, and never over something that is no plan.
pub fn write(path: &Path, plan: &SavedPlan) -> Result<(), Failure> {
    let name = path.display();
    let fail = |error: std::io::Error| {
        Failure::message(
            Exit::Error,
            "plan_unwritable",
            format!("cannot write the plan to `{name}`: {error}"),
            Some("`--out` takes the name of a file in a folder that exists".into()),
        )
    };
    let is_plan = |text: &[u8]| serde_json::from_slice::<Version>(text).is_ok();
    match fs::read(path) {
        Ok(text) if !text.is_empty() && !is_plan(&text) => {
            return Err(Failure::message(
                Exit::Error,
                "not_overwritten",
                format!("`{name}` is there already, and is no plan"),
                Some("name another file, or remove that one; nothing was written".into()),
            ));
        }
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut text = serde_json::to_string_pretty(plan).map_err(|error| fail(error.into()))?;
    text.push('\n');
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
    // A temporary file is its owner's alone; a plan holds no secret, and is for others to read.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(fail)?;
    }
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}
