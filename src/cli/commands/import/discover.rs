//! `sindri import --discover`: rebuilds a lost state from what RunPod shows. Changes nothing at RunPod.

use std::time::Duration;

use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::{Secrets, Session};
use crate::model::Replay;
use crate::planner::PlanOptions;
use crate::planner::recognise::discover::Search;
use crate::render::discovery;

pub async fn run(
    lineage: Option<&str>,
    lock_timeout: Duration,
    global: &Global,
    console: &Console,
) -> Result<Exit, Failure> {
    let session = Session::open(global, console, Secrets::NotNeeded)?;
    let store = session.lock("import --discover", lock_timeout)?;
    let observed = session.recover_everything(&store, console).await?;
    let Replay { state: prior, pending, .. } = store.snapshot();
    let search = Search { input: session.plan_input(&prior, &observed, PlanOptions::default()) };
    let blank = prior.resources.is_empty() && pending.is_empty();
    let lineage = chosen(&search, lineage, blank)?;
    let found = search.of(&lineage);
    if !found.records.is_empty() {
        if blank {
            store.continue_lineage(&lineage)?;
        }
        let records = found.records.clone();
        store.correct("import --discover", records).await?;
    }
    store.checkpoint()?;
    session.close()?;
    let others: Vec<String> = search.lineages().into_keys().filter(|other| *other != lineage).collect();
    if console.json {
        console.json(&discovery::json(&found, &lineage, &others));
        return Ok(Exit::Success);
    }
    let project = (session.config.name.as_str(), session.config.environment.as_str());
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = discovery::text(&mut text, &found, project, (&lineage, &others), &console.style());
    console.result(&text);
    Ok(Exit::Success)
}

/// The lineage (the id of a state, which marks its pods) to look for: the state's own if it has records, otherwise the
/// only one found.
fn chosen(search: &Search<'_>, wanted: Option<&str>, blank: bool) -> Result<String, Failure> {
    let (own, there) = (&search.input.prior.lineage, search.lineages());
    let listed = || there.iter().map(|(name, pods)| format!("`{name}` (pods: {pods})"));
    let listed = || listed().collect::<Vec<_>>().join(", ");
    let refuse = |code, message, help: String| Err(Failure::refused(code, message, help));
    match wanted {
        Some(wanted) if !blank && wanted != own => refuse(
            FailureCode::OtherLineage,
            format!("the state already has records of lineage `{own}`"),
            "`sindri import ADDRESS ID` imports single pods of another lineage; for a separate state, select a new \
             file with `--state FILE`; nothing was changed"
                .into(),
        ),
        Some(wanted) if there.contains_key(wanted) => Ok(wanted.to_owned()),
        Some(wanted) => {
            let known = if there.is_empty() { "no pod has one".to_owned() } else { format!("there are {}", listed()) };
            refuse(
                FailureCode::NoSuchLineage,
                format!("no pod has the lineage `{wanted}`"),
                format!("{known}; nothing was changed"),
            )
        }
        None if !blank || there.contains_key(own) => Ok(own.clone()),
        None => match there.keys().collect::<Vec<_>>().as_slice() {
            [] => Ok(own.clone()),
            [only] => Ok((*only).clone()),
            _ => refuse(
                FailureCode::SeveralLineages,
                format!("pods of several states have this project's name: {}", listed()),
                "choose one with `--lineage ID`; the pods of the others are not imported and are listed as orphans. \
                 Nothing was changed"
                    .into(),
            ),
        },
    }
}
