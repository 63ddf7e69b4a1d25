//! `sindri refresh`: updates the state to what RunPod shows. Changes nothing at RunPod.

use serde_json::json;

use crate::cli::args::{Global, RefreshArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::planner::drift::survey;

pub async fn run(args: &RefreshArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = Session::open_state(global, console)?;
    let store = session.lock("refresh", args.lock_timeout)?;
    let observed = session.recover(&store, console).await?;
    let prior = store.snapshot().state;
    let records = survey::accepted(&prior, &observed);
    let (gone, changed): (Vec<_>, Vec<_>) = records.iter().partition(|(_, record)| record.is_none());
    let names = |records: Vec<(&crate::model::Address, _)>| -> Vec<String> {
        records.into_iter().map(|(address, _): (_, &Option<crate::model::Record>)| address.to_string()).collect()
    };
    let (gone, changed) = (names(gone), names(changed));
    if !records.is_empty() {
        store.correct("refresh", records).await?;
    }
    store.checkpoint()?;
    session.close()?;
    if console.json {
        console.json(&json!({ "format_version": "1.0", "gone": gone, "changed": changed }));
    } else if gone.is_empty() && changed.is_empty() {
        console.wrapped(&format!("The state matches RunPod: {} records.\n", prior.resources.len()));
    } else {
        let mut text = String::new();
        for (what, addresses) in [("forgotten, because it no longer exists", gone), ("recorded as it is now", changed)]
        {
            for address in addresses {
                text.push_str(&format!("`{address}`: {what}\n"));
            }
        }
        text.push_str("`sindri plan` shows the differences from the configuration.\n");
        console.wrapped(&text);
    }
    Ok(Exit::Success)
}
