//! `sindri unlock`: shows who holds the lock, and cleans up after a dead holder. Never releases the lock of a running
//! process.
//!
//! The journal of a dead holder exists only on this machine, so its entries are written to the state file, which is the
//! file that people share. Nothing is requested or resolved, so it works without a key and at the end of a cancelled
//! job.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::Session;
use crate::model::{Address, PendingIntent};
use crate::store::{self, Holder, LockedState, StoreError};

pub fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = Session::offline_state(global, console)?;
    let left = store::unlock(&session.paths).map_err(refusal)?;
    let recorded = fold(&session)?;
    let pending = store::read(&session.paths, &session.identity())?.pending;
    let mut text = match &left {
        Some(holder) => format!("The lock is free: {holder} is gone, and its name was removed.\n"),
        None => "The lock is free.\n".to_owned(),
    };
    if let Some(recorded) = &recorded {
        let what = match recorded.len() {
            0 => "the lineage in the pods' markers".to_owned(),
            1 => "1 record".to_owned(),
            records => format!("{records} records"),
        };
        let state = session.paths.state.display();
        text.push_str(&format!("Written from the journal into `{state}`, without contacting RunPod: {what}\n"));
        recorded.iter().for_each(|address| text.push_str(&format!("  {address}\n")));
    }
    if !pending.is_empty() {
        text.push_str(&format!("Requests with unknown outcome: {}\n", pending.len()));
        for PendingIntent { address, verb, at, .. } in pending.iter() {
            text.push_str(&format!("  {address}  {verb}  sent about {at}\n"));
        }
        text.push_str(
            "The next `sindri apply`, or any command that changes something, checks RunPod and resolves them.\n",
        );
    }
    let open =
        pending.iter().map(|pending| json!({ "address": pending.address, "verb": pending.verb, "at": pending.at }));
    let open: Vec<_> = open.collect();
    console.either(&text, &json!({ "format_version": "1.0", "held": false, "left_by": left, "recorded": recorded.unwrap_or_default(), "pending": open }));
    Ok(Exit::Success)
}

/// Writes the journal's entries to the state file, and returns the affected addresses. Pending intents stay in the
/// journal. `None` if the state file is already up to date.
fn fold(session: &Session) -> Result<Option<Vec<Address>>, Failure> {
    if !session.paths.journal.exists() {
        // Without a journal there is nothing to write, so do not create a folder and a lock.
        return Ok(None);
    }
    let holder = Holder::new("unlock");
    let store = LockedState::acquire(&session.paths, &session.identity(), holder, Duration::ZERO).map_err(refusal)?;
    let ahead = store.ahead();
    if ahead.is_some() {
        store.checkpoint()?;
    }
    Ok(ahead)
}

fn refusal(error: StoreError) -> Failure {
    match error {
        StoreError::Locked { holder, path, .. } => held(&holder, &path),
        other => other.into(),
    }
}

fn held(holder: &Holder, lock: &Path) -> Failure {
    let Holder { pid, host, .. } = holder;
    let is_here = *host == Holder::new("unlock").host;
    // Only a system that lists its processes can show that one is missing.
    let is_missing = is_here && Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists();
    let help = if is_missing {
        format!(
            "process {pid} is gone, but a process that it started holds `{}` open. `fuser {}` shows that process; \
             ending it frees the lock",
            lock.display(),
            lock.display()
        )
    } else {
        let place = if is_here { String::new() } else { format!(" on {host}") };
        format!(
            "wait for it (`--lock-timeout 5m`), or end it with `kill {pid}`{place}; requests in flight finish and \
             are recorded. Nothing was changed"
        )
    };
    Failure::message(Exit::Locked, FailureCode::Held, format!("the lock is held by {holder}"), Some(help))
}
