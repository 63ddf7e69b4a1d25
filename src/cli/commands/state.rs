//! `sindri state`: shows the records, and corrects them by hand. Sends no requests to RunPod.

mod merge;

use std::collections::BTreeMap;

use serde_json::json;

use crate::cli::address::{AddressWord, KnownAddresses};
use crate::cli::args::{Global, StateCommand};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::Session;
use crate::graph::ResourceGraph;
use crate::kind;
use crate::model::{Address, Record, State};
use crate::planner::by_hand;
use crate::planner::by_hand::ByHandError;
use crate::store::{self, LockedState};

/// Width of a line in columns.
const LINE: usize = 80;

pub async fn run(command: &StateCommand, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let open = || Session::offline_state(global, console);
    match command {
        StateCommand::List => list(&read(&open()?)?, console),
        StateCommand::Show { address } => show(&read(&open()?)?, address, console)?,
        StateCommand::Verify => verify(&open()?, console)?,
        // Git passes the files; the configuration is not involved.
        StateCommand::Merge { base, ours, theirs } => merge::run(global, console, [base, ours, theirs])?,
        StateCommand::Mv { from, to, lock_timeout } => {
            let store = open()?.lock("state mv", *lock_timeout)?;
            let known = store.snapshot();
            let from = one(&known.state, from)?;
            let to = &to.of_kind(&from.kind);
            let records = by_hand::moved(&known, from, to).map_err(|error| refused(&error))?;
            write(&store, records).await?;
            console.either(
                &format!("`{from}` is now `{to}`. Rename it in the configuration too.\n"),
                &json!({ "format_version": "1.0", "from": from, "to": to }),
            );
        }
        StateCommand::Rm { address, lock_timeout } => {
            let session = open()?;
            let store = session.lock("state rm", *lock_timeout)?;
            let known = store.snapshot();
            let address = one(&known.state, address)?;
            let id = known.state.resources[address].id.clone();
            let records = by_hand::forgotten(&known, address).map_err(|error| refused(&error))?;
            write(&store, records).await?;
            let declared = session.config.resources.contains_key(address);
            console.either(
                &forgotten(address, &id, declared.then(|| session.config_name()).as_deref()),
                &json!({ "format_version": "1.0", "forgotten": address, "id": id, "still_declared": declared }),
            );
        }
    }
    Ok(Exit::Success)
}

fn read(session: &Session) -> Result<State, Failure> {
    Ok(store::read(&session.paths, &session.identity())?.state)
}

fn one<'s>(state: &'s State, word: &AddressWord) -> Result<&'s Address, Failure> {
    KnownAddresses::recorded(state, state.resources.keys()).one(word)
}

/// The message after `state rm`; `declared_in` is the configuration that still declares the resource.
fn forgotten(address: &Address, id: &str, declared_in: Option<&str>) -> String {
    let mut text = format!(
        "Forgot `{address}`. `{id}` still exists at RunPod and is still billed; sindri no longer manages it.\n"
    );
    if let Some(file) = declared_in {
        let again = match kind::find(&address.kind).is_some_and(kind::Kind::is_marked) {
            true => "adopts it again by its marker",
            false => "finds it and asks whether to adopt it",
        };
        text.push_str(&format!(
            "`{address}` is still declared in `{file}`. The next `sindri apply` {again} unless its block is removed \
             too.\n"
        ));
    }
    text
}

fn list(state: &State, console: &Console) {
    if console.json {
        let rows: Vec<_> =
            state.resources.iter().map(|(address, record)| json!({ "address": address, "id": record.id })).collect();
        console.json(&json!({ "format_version": "1.0", "resources": rows }));
        return;
    }
    // A long address shifts only its own line.
    let id = state.resources.values().map(|record| record.id.chars().count()).max().unwrap_or(0);
    let widths = state.resources.keys().map(|address| address.to_string().len());
    let width = widths.filter(|width| width + 2 + id <= LINE).max().unwrap_or(0);
    let rows =
        state.resources.iter().map(|(address, record)| format!("{:width$}  {}\n", address.to_string(), record.id));
    console.result(&rows.collect::<String>());
}

fn show(state: &State, word: &AddressWord, console: &Console) -> Result<(), Failure> {
    console.json(&json!(state.resources[one(state, word)?]));
    Ok(())
}

fn verify(session: &Session, console: &Console) -> Result<(), Failure> {
    let state = store::verify(&session.paths, &session.identity())?.state;
    // The last check is whether the records can be ordered by dependencies.
    ResourceGraph::of_state(&state)?;
    let count = state.resources.len();
    if console.json {
        console.json(&json!({ "format_version": "1.0", "valid": true, "resources": count, "digest": state.digest() }));
    } else {
        console.wrapped(&format!("The state is valid: {count} records.\nDigest: {}\n", state.digest()));
    }
    Ok(())
}

/// The refusal, with advice.
fn refused(error: &ByHandError) -> Failure {
    match error {
        ByHandError::Needed { .. } => {
            Failure::refused(FailureCode::Needed, error.to_string(), "forget those first; nothing was changed")
        }
        ByHandError::Unsettled { address, .. } => {
            let help = "run `sindri refresh` first to find and record the result; nothing was changed";
            Failure::refused(FailureCode::Unsettled, error.to_string(), help).about(address, None)
        }
        ByHandError::PartOf { part, parent } => {
            let help = format!(
                "remove it from `{parent}` in the configuration and apply, or forget the whole resource with `sindri \
                 state rm {parent}`; nothing was changed"
            );
            Failure::refused(FailureCode::PartOfResource, error.to_string(), help).about(part, None)
        }
        _ => Failure::refused(FailureCode::NotMovable, error.to_string(), "nothing was changed"),
    }
}

async fn write(store: &LockedState, records: BTreeMap<Address, Option<Record>>) -> Result<(), Failure> {
    store.correct("by hand", records).await?;
    Ok(store.checkpoint()?)
}
