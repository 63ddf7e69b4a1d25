//! `sindri show`: shows a saved plan. Needs only the file.

use serde_json::json;

use super::plan::{Format, show};
use crate::cli::args::ShowArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::saved;
use crate::render::PlanView;

pub fn run(args: &ShowArgs, console: &Console) -> Result<Exit, Failure> {
    let saved = saved::read(&args.saved)?;
    if args.id {
        console.either(&format!("{}\n", saved.plan_id), &json!({ "format_version": "1.0", "plan_id": saved.plan_id }));
        return Ok(Exit::Success);
    }
    let view = PlanView {
        full: args.view.full,
        config: saved.config,
        catalog_date: Some(saved.catalog_date),
        plan_id: Some(saved.plan_id),
        flags: saved.options.flags(),
        only: args.view.only.iter().copied().collect(),
        now: None,
    };
    show(&saved.plan, Format::of(&args.format, console), &view, console);
    Ok(Exit::Success)
}
