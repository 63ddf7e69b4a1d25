//! `sindri plan`: shows what apply would do, and why. Takes no lock and writes only the file of `--out`.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::cli::address::{AddressWord, KnownAddresses};
use crate::cli::args::{FormatFlags, Global, PlanArgs, PlanFlags, ViewFlags};
use crate::cli::consent;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::saved;
use crate::cli::session::{Secrets, Session};
use crate::cli::unreachable;
use crate::cli::until_exit::until_exit;
use crate::model::{Address, Plan, State};
use crate::planner;
use crate::planner::recognise::moves;
use crate::planner::review::identity;
use crate::planner::review::saved::SavedPlan;
use crate::planner::{Input, PlanOptions};
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
    let (prior, observed) = if args.refresh { session.refresh(console).await? } else { session.remember()? };
    let asked = match args.destroy {
        true => {
            let only = destroyed(&args.plan.target, &session, &prior)?;
            PlanOptions { destroy: true, only, ..untargeted(&args.plan) }
        }
        false => options(&args.plan, &session, &prior)?,
    };
    let options = PlanOptions { unrefreshed: !args.refresh, ..asked };
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
        saved::refuse_own_file(&path, &session.own_files())?;
        saved::write(&path, &SavedPlan::of(&plan, &input, session.config_name()))?;
    }
    show(&plan, format, &view(&args.plan.view, &plan, &input, &session), console);
    session.close()?;
    consent::refusals(&plan)?;
    let changes = plan.leaves_out() || (args.detailed_exitcode && !plan.is_empty());
    until_exit((plan, prior, observed));
    Ok(if changes { Exit::Changes } else { Exit::Success })
}

/// The planner options from the flags.
pub fn options(flags: &PlanFlags, session: &Session, prior: &State) -> Result<PlanOptions, Failure> {
    let declared = || session.config.resources.keys();
    let known = KnownAddresses::declared_or_recorded(prior, declared().chain(prior.resources.keys()));
    let replace = KnownAddresses::declared(declared()).all(&flags.replace)?;
    Ok(PlanOptions {
        targets: known.all(&flags.target)?,
        // A port is created and deleted with its pod.
        replace: replace.into_iter().map(|address| members::parent_of(&address).unwrap_or(address)).collect(),
        ..untargeted(flags)
    })
}

fn untargeted(flags: &PlanFlags) -> PlanOptions {
    PlanOptions {
        permits: flags.permits.flags(),
        updates: flags.updates,
        adopt: flags.adopt,
        ignore_existing: flags.ignore_existing,
        refresh_only: flags.refresh_only,
        no_renames: flags.no_renames,
        ..PlanOptions::default()
    }
}

/// The recorded resources to which a destroy is limited. A resource with a `moved` entry has its old and its new
/// address.
pub fn destroyed(words: &[AddressWord], session: &Session, prior: &State) -> Result<BTreeSet<Address>, Failure> {
    let moved = moves::followed(prior, &session.config.moved, &session.config.resources).state;
    let recorded = [prior, &*moved].into_iter().flat_map(|state| state.resources.keys());
    let only = KnownAddresses::recorded(prior, recorded).all(words)?;
    only.iter().try_for_each(is_whole)?;
    Ok(only)
}

/// Refuses a part of a resource: the request that made the whole made it too, so it cannot be destroyed alone.
fn is_whole(address: &Address) -> Result<(), Failure> {
    let Some(parent) = members::parent_of(address) else { return Ok(()) };
    let message = format!("`{address}` is part of `{parent}` and cannot be destroyed separately");
    let help =
        format!("remove it from the configuration and run `sindri apply`, or destroy `{parent}`; nothing was changed");
    Err(Failure::message(Exit::Error, FailureCode::Part, message, Some(help)).about(address, None))
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
            FailureCode::PlannerBug,
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
