//! `sindri plan`: shows what apply would do, and why. Takes no lock and writes only the file of `--out`.

use std::collections::BTreeSet;

use crate::catalog::{self, Catalog};
use crate::cli::args::{FormatFlags, Global, PlanArgs, PlanFlags, ViewFlags};
use crate::cli::consent;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::saved;
use crate::cli::session::{Secrets, Session};
use crate::cli::unreachable;
use crate::model::{Address, Plan, State};
use crate::planner;
use crate::planner::review::identity;
use crate::planner::review::saved::SavedPlan;
use crate::planner::{Input, Options};
use crate::render::{PlanView, html, json, markdown, text};
use crate::resource::members;

pub async fn run(args: &PlanArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = match (args.destroy, args.refresh) {
        (true, true) => Session::open_state(global, console)?,
        (true, false) => Session::offline_state(global, console)?,
        (false, true) => Session::open(global, console, Secrets::Needed)?,
        // The state contains no secret values for comparison.
        (false, false) => Session::offline(global, console, Secrets::NamesAlone)?,
    };
    let (prior, observed) = if args.refresh { session.look(console).await? } else { session.remember()? };
    let mut options = Options { unrefreshed: !args.refresh, ..options(&args.plan, &session, &prior)? };
    if args.destroy {
        options.destroy = true;
        options.only = std::mem::take(&mut options.targets);
    }
    let input = session.plan_input(&prior, &observed, options);
    let mut plan = checked(planner::plan(&input)?, input.prior)?;
    if args.refresh {
        session.examine(&mut plan).await;
    }
    let format = Format::of(&args.format, console);
    let out_of_reach = unreachable::states(&session, &input);
    unreachable::warn(&out_of_reach, console);
    if format != Format::Text {
        plan.notes.extend(unreachable::notes(&out_of_reach));
    }
    if let Some(path) = &args.out {
        let path = global.directory.clone().unwrap_or_default().join(path);
        saved::write(&path, &SavedPlan::of(&plan, &input, session.config_name()))?;
    }
    show(&plan, format, &view(&args.plan.view, &plan, &input, &session), console);
    session.close()?;
    consent::refusals(&plan)?;
    Ok(if plan.leaves_out() || (args.detailed_exitcode && !plan.is_empty()) { Exit::Changes } else { Exit::Success })
}

/// The planner options from the flags.
pub fn options(flags: &PlanFlags, session: &Session, prior: &State) -> Result<Options, Failure> {
    let declared: BTreeSet<&Address> = session.config.resources.keys().collect();
    let known = declared.iter().copied().chain(prior.resources.keys()).collect();
    Ok(Options {
        permits: flags.permits.flags(),
        updates: flags.updates,
        adopt: flags.adopt,
        ignore_existing: flags.ignore_existing,
        targets: named(&flags.target, &known, "neither declared nor in the state")?,
        // A port is created and deleted with its pod.
        replace: named(&flags.replace, &declared, "not declared")?
            .into_iter()
            .map(|address| members::parent_of(&address).unwrap_or(address))
            .collect(),
        refresh_only: flags.refresh_only,
        no_renames: flags.no_renames,
        ..Options::default()
    })
}

/// The known addresses that match `words`. A name without a number matches all its replicas.
fn named(words: &[Address], known: &BTreeSet<&Address>, otherwise: &str) -> Result<BTreeSet<Address>, Failure> {
    let mut found = BTreeSet::new();
    for word in words {
        let replica = |address: &&&Address| Address { index: None, ..(**address).clone() } == *word;
        let before = found.len();
        match known.get(word) {
            Some(exact) => found.extend([(*exact).clone()]),
            None => found.extend(known.iter().filter(replica).map(|address| (*address).clone())),
        }
        if found.len() == before && !found.contains(word) {
            let names: Vec<String> = known.iter().map(ToString::to_string).collect();
            let nearest = catalog::nearest(&word.to_string(), names.iter().map(String::as_str));
            let meant = nearest.map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default();
            return Err(Failure::message(
                Exit::Error,
                "not_found",
                format!("`{word}` is {otherwise}"),
                Some(format!("{meant}`sindri plan --full` lists every address; nothing was changed")),
            )
            .about(word, None));
        }
    }
    Ok(found)
}

/// A plan that violates a guarantee is a bug in sindri, and is not used.
pub fn checked(plan: Plan, prior: &State) -> Result<Plan, Failure> {
    let violation = crate::planner::review::check::violations(&plan).first().map(ToString::to_string);
    let flaw = || {
        crate::planner::review::check::flaws(prior, &plan)
            .first()
            .map(|flaw| format!("it would leave a state in which {flaw}"))
    };
    match violation.or_else(flaw) {
        None => Ok(plan),
        Some(broken) => Err(Failure::message(
            Exit::Error,
            "planner_bug",
            format!("the plan contradicts itself: {broken}"),
            Some("this is a bug in sindri; nothing was changed. Please report it with the configuration".into()),
        )),
    }
}

/// The output format of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    /// Limited to this many bytes.
    Markdown(usize),
    Html,
}

impl Format {
    /// The requested format; the flags exclude each other.
    pub fn of(flags: &FormatFlags, console: &Console) -> Self {
        match flags {
            FormatFlags { markdown: true, budget, .. } => {
                Self::Markdown(budget.map_or(markdown::BUDGET, |budget| budget as usize))
            }
            FormatFlags { html: true, .. } => Self::Html,
            _ if console.json => Self::Json,
            _ => Self::Text,
        }
    }
}

/// Facts for displaying a plan that the plan itself does not contain.
pub fn view(flags: &ViewFlags, plan: &Plan, input: &Input<'_>, session: &Session) -> PlanView {
    PlanView {
        full: flags.full,
        config: session.config_name(),
        catalog_date: Some(Catalog::embedded().compiled.clone()),
        plan_id: Some(identity::id(plan)),
        flags: input.options.flags(),
        only: flags.only.iter().copied().collect(),
        now: Some(session.clock.now()),
    }
}

/// Prints a plan to stdout, and nothing else.
pub fn show(plan: &Plan, format: Format, view: &PlanView, console: &Console) {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = match format {
        Format::Json => return console.plan_json(&json::plan_json(plan, view.plan_id.as_deref())),
        Format::Text => text::plan(&mut page, plan, view, &console.style()),
        Format::Markdown(budget) => markdown::plan(&mut page, plan, view, budget),
        Format::Html => html::plan(&mut page, plan, view),
    };
    console.result(&page);
}
