//! `sindri plan`: what apply would do, and why. Takes no lock and writes nothing.

use crate::catalog::Catalog;
use crate::cli::args::{Global, PlanArgs, PlanFlags};
use crate::cli::consent;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{Secrets, Session};
use crate::model::Plan;
use crate::planner::{self, Options};
use crate::render::{PlanView, json, text};

pub async fn run(args: &PlanArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let secrets = if args.destroy { Secrets::NotNeeded } else { Secrets::Needed };
    let session = Session::open(global, console, secrets)?;
    let (prior, observed) = session.look(console).await?;
    let options = Options { destroy: args.destroy, ..options(&args.plan) };
    let plan = checked(planner::plan(&session.plan_input(&prior, &observed, options))?)?;
    if console.json {
        console.json(&json::plan_json(&plan, None));
    } else {
        show(&plan, args.plan.full, &session, console);
    }
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
        no_renames: flags.no_renames,
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

/// Prints a plan for people; for tools the caller knows which shape it wants.
pub fn show(plan: &Plan, full: bool, session: &Session, console: &Console) {
    let view = PlanView {
        full,
        config: session.config_name(),
        catalog_date: Some(Catalog::embedded().compiled.clone()),
        plan_id: None,
    };
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = text::plan(&mut page, plan, &view, &console.style());
    console.result(&page);
}
