//! `sindri import --all` in a folder without a configuration: turns a manually created account into a configuration and
//! a state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;

use super::blocks::{Blocks, Checks, NoBlockReason};
use super::draft::{self, DraftFile};
use super::objects::{skipped, unmanaged};
use crate::cli::args::{Global, ImportArgs};
use crate::cli::commands::plan::checked;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::Session;
use crate::config::{self, DEFAULT_ENVIRONMENT, LoadOptions, write};
use crate::model::{Address, Object, Observed, Record, State};
use crate::planner::{self, PlanOptions};
use crate::render::takeover as report;
use crate::resource::inventory::live_object;
use crate::resource::records::imported;

pub async fn run(
    args: &ImportArgs,
    base: &Path,
    options: &LoadOptions<'_>,
    global: &Global,
    console: &Console,
) -> Result<Exit, Failure> {
    if let Some(other) = global.environment().filter(|environment| *environment != DEFAULT_ENVIRONMENT) {
        return Err(Failure::refused(
            FailureCode::EnvironmentWithoutConfiguration,
            format!("environment `{other}` has no base configuration"),
            "omit `-e`; an overlay needs a base configuration; nothing was changed",
        ));
    }
    let name = args.name.clone().unwrap_or_else(|| name_of(base));
    let dialect = global.api.unwrap_or_default();
    // An empty configuration is enough to send requests to RunPod and to check the name.
    let empty = config::check_text(base, &write::document(&name, dialect, &[]), options)?;
    let mut session = Session::of(empty, global, console)?;
    let store = session.lock("import --all", args.lock_timeout)?;
    let observed = session.recover_everything(&store, console).await?;
    let prior = store.snapshot().state;
    let import = match draft::left_behind(base, &prior, args.name.as_deref(), options) {
        Some(text) => Import::resumed(text, &prior, &observed),
        None => {
            let checks = Checks { name: &name, base, options, dialect };
            Import::of_everything(args, (&prior, &observed), &checks, &mut session)?
        }
    };
    let found = import.writes_files;
    if found {
        // The state is written first, because a configuration without a state would create everything a second time.
        let written = DraftFile::beside(base, &import.text)?;
        store.correct("import --all", import.records.clone()).await?;
        store.checkpoint()?;
        written.publish(base)?;
    }
    draft::clear(base);
    session.close()?;
    let skipped: Vec<report::SkippedImport<'_>> =
        import.skipped.iter().map(|(object, reason)| skipped(object, reason)).collect();
    if console.json {
        let mut json = report::json(&import.taken, &skipped);
        json["file"] = json!(found.then(|| base.display().to_string()));
        json["yaml"] = json!(found.then_some(&import.text));
        console.json(&json);
        return Ok(Exit::Success);
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = report::text(&mut text, &import.taken, &skipped, &console.style());
    if found {
        text.push_str(&format!(
            "Wrote `{}` and `{}`. {}\n",
            base.display(),
            session.state_path().display(),
            import.next
        ));
    }
    console.wrapped(&text);
    Ok(Exit::Success)
}

/// The content of both files, and the objects that are left out.
struct Import<'o> {
    text: String,
    taken: Vec<(Address, &'o Object)>,
    skipped: Vec<(&'o Object, NoBlockReason)>,
    records: BTreeMap<Address, Option<Record>>,
    /// Whether there is a configuration to write. An interrupted import always has one, because its state is already
    /// written.
    writes_files: bool,
    /// Advice about the result.
    next: &'static str,
}

impl<'o> Import<'o> {
    /// An import that was stopped after it wrote the state. `text` is the missing configuration.
    fn resumed(text: String, prior: &State, observed: &'o Observed) -> Self {
        let live = |(address, record): (&Address, &Record)| Some((address.clone(), live_object(observed, record)?));
        Self {
            text,
            taken: prior.resources.iter().filter_map(live).collect(),
            skipped: Vec::new(),
            records: BTreeMap::new(),
            writes_files: true,
            next: "This completes an import that was interrupted. `sindri plan` shows the changes since then.",
        }
    }

    /// Everything in the account that can be declared. If there are records, they must be part of it unchanged, which
    /// means that an interrupted import wrote them.
    fn of_everything(
        args: &ImportArgs,
        (prior, observed): (&State, &'o Observed),
        checks: &Checks<'_>,
        session: &mut Session,
    ) -> Result<Self, Failure> {
        let blank = State { resources: BTreeMap::new(), ..prior.clone() };
        let mut blocks = Blocks::default();
        let mut open = unmanaged(&blank, observed);
        if !args.include_marked {
            open = blocks.without_marked(open);
        }
        blocks.write(&open, &BTreeSet::new(), checks);
        let text = write::document(checks.name, checks.dialect, &blocks.blocks);
        let mut records = BTreeMap::new();
        if !blocks.objects.is_empty() {
            session.config = config::check_text(checks.base, &text, checks.options)?;
            records = imported(&session.config.resources, &blocks.objects, prior);
        }
        let same =
            |(address, old): (&Address, &Record)| matches!(records.get(address), Some(Some(new)) if new.id == old.id);
        if !prior.resources.iter().all(same) {
            return Err(Failure::refused(
                FailureCode::StateWithoutConfiguration,
                format!("`{}` records {} resources", session.state_path().display(), prior.resources.len()),
                "restore the configuration that declares them, or select another state with `--state FILE`; nothing \
                 was changed",
            ));
        }
        if !records.is_empty() {
            must_change_nothing(&records, prior, observed, session)?;
        }
        Ok(Self {
            text,
            writes_files: !blocks.objects.is_empty(),
            taken: blocks.objects,
            skipped: blocks.skipped,
            records,
            next: "`sindri plan` is empty now. Environment variables are unchanged and not in the file; a replaced \
                   pod gets only those that `env` and `secrets` declare.",
        })
    }
}

/// Fails unless a plan from the new configuration and state is empty.
fn must_change_nothing(
    records: &BTreeMap<Address, Option<Record>>,
    prior: &State,
    observed: &Observed,
    session: &Session,
) -> Result<(), Failure> {
    let resources = records.iter().filter_map(|(address, record)| Some((address.clone(), record.clone()?)));
    let state = State { resources: resources.collect(), ..prior.clone() };
    let plan = planner::plan(&session.plan_input(&state, observed, PlanOptions::default()))?;
    let plan = checked(plan, &state)?;
    match plan.changes.iter().find(|change| change.action != crate::model::Action::NoOp) {
        None => Ok(()),
        Some(change) => Err(Failure::message(
            Exit::Error,
            FailureCode::ImportBug,
            format!(
                "the configuration to write does not match the existing objects: `{}` ({})",
                change.address,
                change.action.word()
            ),
            Some("this is a bug in sindri; nothing was changed. Please report it".into()),
        )),
    }
}

/// The folder's name, converted to a project name.
fn name_of(base: &Path) -> String {
    let folder = std::path::absolute(base).ok().and_then(|base| Some(base.parent()?.file_name()?.to_owned()));
    let folder = folder.unwrap_or_default();
    write::key(&folder.to_string_lossy(), "project").replace('_', "-")
}
