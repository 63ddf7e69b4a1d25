//! `sindri plan`: what apply would do, and why. Takes no lock and writes nothing.

use crate::catalog::Catalog;
use crate::cli::args::{FormatFlags, Global, PlanArgs, PlanFlags};
use crate::cli::consent;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{Secrets, Session};
use crate::model::Plan;
use crate::planner::{self, Options};
use crate::render::{PlanView, html, json, markdown, text};

pub async fn run(args: &PlanArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let secrets = if args.destroy { Secrets::NotNeeded } else { Secrets::Needed };
    let session = Session::open(global, console, secrets)?;
    let (prior, observed) = session.look(console).await?;
    let options = Options { destroy: args.destroy, ..options(&args.plan) };
    let plan = checked(planner::plan(&session.plan_input(&prior, &observed, options))?)?;
    show(&plan, Format::of(&args.format, console), &view(args.plan.full, &session), console);
    session.close()?;
    consent::refusals(&plan)?;
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Success })
}

/// What the flags ask of the planner.
pub fn options(flags: &PlanFlags) -> Options {
    Options {
        include_volumes: flags.include_volumes,
        updates: flags.updates,
        adopt: flags.adopt,
        ignore_existing: flags.ignore_existing,
        ..Options::default()
    }
}

/// A plan that breaks a promise is a bug of sindri's and goes no further.
pub fn checked(plan: Plan) -> Result<Plan, Failure> {
    match planner::check::violations(&plan).first() {
        None => Ok(plan),
        Some(violation) => Err(Failure::message(
            Exit::Error,
            "planner_bug",
            format!("the plan contradicts itself: {violation}"),
            Some("this is a bug in sindri; nothing was changed. Please report it with the configuration".into()),
        )),
    }
}

/// What a plan is printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    /// At most so many bytes.
    Markdown(usize),
    Html,
}

impl Format {
    /// What was asked for; the flags exclude each other.
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

/// What a plan does not know of itself.
pub fn view(full: bool, session: &Session) -> PlanView {
    PlanView {
        full,
        config: session.config_name(),
        catalog_date: Some(Catalog::embedded().compiled.clone()),
        plan_id: None,
    }
}

/// Prints a plan, and nothing else, on stdout.
pub fn show(plan: &Plan, format: Format, view: &PlanView, console: &Console) {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = match format {
        Format::Json => return console.json(&json::plan_json(plan, view.plan_id.as_deref())),
        Format::Text => text::plan(&mut page, plan, view, &console.style()),
        Format::Markdown(budget) => markdown::plan(&mut page, plan, view, budget),
        Format::Html => html::plan(&mut page, plan, view),
    };
    console.result(&page);
}
