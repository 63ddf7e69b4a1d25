//! `sindri show`: a saved plan, read again. Needs nothing but the file.

use serde_json::json;

use crate::cli::args::ShowArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::saved;
use crate::render::{PlanView, json as shapes, text};

pub fn run(args: &ShowArgs, console: &Console) -> Result<Exit, Failure> {
    let saved = saved::read(&args.saved)?;
    if args.id {
        console.either(&format!("{}\n", saved.plan_id), &json!({ "format_version": "1.0", "plan_id": saved.plan_id }));
        return Ok(Exit::Success);
    }
    if console.json {
        console.json(&shapes::plan_json(&saved.plan, Some(&saved.plan_id)));
        return Ok(Exit::Success);
    }
    let view = PlanView {
        full: args.view.full,
        config: saved.config.clone(),
        catalog_date: Some(saved.catalog_date.clone()),
        plan_id: Some(saved.plan_id.clone()),
        only: args.view.only.iter().copied().collect(),
    };
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = text::plan(&mut page, &saved.plan, &view, &console.style());
    console.result(&page);
    Ok(Exit::Success)
}
