//! `sindri import --all` in a folder without a configuration: an account that was made by hand becomes one, with its state.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::all::{left, strangers};
use super::blocks::{Blocks, Checks};
use crate::cli::args::{Global, ImportArgs};
use crate::cli::commands::plan::checked;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::config::{self, DEFAULT_ENVIRONMENT, LoadOptions, write};
use crate::model::{Entry, Outcome, State};
use crate::planner::record::imported;
use crate::planner::{self, Options};
use crate::render::takeover as report;

pub async fn run(
    args: &ImportArgs,
    base: &Path,
    options: &LoadOptions<'_>,
    global: &Global,
    console: &Console,
) -> Result<Exit, Failure> {
    if let Some(other) = global.environment().filter(|environment| *environment != DEFAULT_ENVIRONMENT) {
        return Err(Failure::refused(
            "environment_without_configuration",
            format!("there is no configuration that `{other}` could be an environment of"),
            "leave `-e` out: overlays come when there is a base; nothing was changed",
        ));
    }
    let name = args.name.clone().unwrap_or_else(|| name_of(base));
    let dialect = global.api.unwrap_or_default();
    // A configuration that declares nothing: enough to ask RunPod, and to check the name.
    let empty = config::check_text(base, &write::document(&name, dialect, &[], &[]), options)?;
    let mut session = Session::of(empty, global, console)?;
    let store = session.lock("import --all", args.lock_timeout)?;
    let observed = session.recover(&store, console).await?;
    let prior = store.snapshot().state;
    if !prior.resources.is_empty() {
        return Err(Failure::refused(
            "state_without_configuration",
            format!("`{}` records {} resources", session.state_path().display(), prior.resources.len()),
            "bring back the configuration that declares them (an interrupted import leaves it beside the place of \
             `sindri.yaml`, as `.sindri-import-*.yaml`), or name another state with `--state FILE`; nothing was changed",
        ));
    }
    let mut blocks = Blocks::default();
    let mut open = strangers(&prior, &observed);
    if !args.include_marked {
        open = blocks.without_marked(open);
    }
    let checks = Checks { name: &name, base, options, dialect };
    blocks.write(&open, &BTreeSet::new(), &checks);
    let left: Vec<report::Left<'_>> = blocks.left.iter().map(|(object, reason)| left(object, reason)).collect();
    let text = write::document(&name, dialect, &blocks.volumes, &blocks.pods);
    let found = !blocks.objects.is_empty();
    if found {
        session.config = config::check_text(base, &text, options)?;
        let mut records = std::collections::BTreeMap::new();
        for (address, object) in &blocks.objects {
            records.extend(imported(&session.config.resources, address, object));
        }
        let resources = records.iter().filter_map(|(address, record)| Some((address.clone(), record.clone()?)));
        let state = State { resources: resources.collect(), ..prior };
        let plan = planner::plan(&session.plan_input(&state, &observed, Options::default()))?;
        let plan = checked(plan)?;
        if let Some(change) = plan.changes.iter().find(|change| change.action != crate::model::Action::NoOp) {
            return Err(Failure::message(
                Exit::Error,
                "import_bug",
                format!("what would be written is not what is there: `{}` ({})", change.address, change.action.word()),
                Some("this is a bug in sindri; nothing was changed. Please report it".into()),
            ));
        }
        // The state first: a configuration without it would ask for everything a second time.
        let written = Draft::beside(base, &text)?;
        store.record(Entry::Outcome(Outcome { operation: "import --all".into(), records })).await?;
        store.checkpoint()?;
        written.publish(base)?;
    }
    session.close()?;
    if console.json {
        let mut json = report::json(&blocks.objects, &left);
        json["file"] = json!(found.then(|| base.display().to_string()));
        json["yaml"] = json!(found.then_some(&text));
        console.json(&json);
        return Ok(Exit::Success);
    }
    let mut told = String::new();
    // Writing to a string cannot fail.
    let _ = report::text(&mut told, &blocks.objects, &left, &console.style());
    if found {
        told.push_str(&format!(
            "Wrote `{}` and `{}`. `sindri plan` is empty now. Environment variables stay as they are and are not in the file: a \
             pod that is replaced has only those that `env` and `secrets` declare.\n",
            base.display(),
            session.state_path().display()
        ));
    }
    console.result(&told);
    Ok(Exit::Success)
}

/// The folder's name as a project's.
fn name_of(base: &Path) -> String {
    let folder = std::path::absolute(base).ok().and_then(|base| Some(base.parent()?.file_name()?.to_owned()));
    let folder = folder.unwrap_or_default();
    write::key(&folder.to_string_lossy(), "project", &BTreeSet::new()).replace('_', "-")
}

/// A configuration on disk under another name, until everything else is.
struct Draft(tempfile::NamedTempFile);

impl Draft {
    fn beside(base: &Path, text: &str) -> Result<Self, Failure> {
        let folder = base.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sindri-import-").suffix(".yaml");
        // Temporary files are private by default; this one becomes an ordinary file of a repository.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let written = builder.tempfile_in(folder).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        });
        written.map(Self).map_err(|error| {
            let message = format!("cannot write beside `{}`: {error}", base.display());
            Failure::message(Exit::Error, "cannot_write", message, Some("nothing was changed".into()))
        })
    }

    /// Never over a file that is there.
    fn publish(self, base: &Path) -> Result<(), Failure> {
        self.0.persist_noclobber(base).map(drop).map_err(|refused| {
            let message = format!("cannot write `{}`: {}", base.display(), refused.error);
            let kept = refused.file.keep().map(|(_, path)| format!("the configuration is in `{}`", path.display()));
            let help = kept.unwrap_or_else(|_| "run `sindri state rm` on what it lists, and try again".to_owned());
            Failure::message(
                Exit::Error,
                "cannot_write",
                message,
                Some(format!("{help}; what it declares is recorded")),
            )
        })
    }
}
