//! The store's guarantees, after any interruption and with other processes running at the same time.

mod durable;
mod process;
mod refuse;

use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;

use crate::model::{Address, Entry, Intent, Outcome, Record, Replay, State, Value, Verb};

use super::*;

const PROD: Identity<'_> = Identity { environment: "prod", api: "runpod" };

fn world() -> (TempDir, Paths) {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::of_state(&folder.path().join("state/prod.json"));
    (folder, paths)
}

fn lock(paths: &Paths) -> Result<LockedState, StoreError> {
    LockedState::acquire(paths, &PROD, Holder::new("apply"), Duration::from_secs(5))
}

fn replay(paths: &Paths) -> Replay {
    let Snapshot { state, pending, last_create, .. } = read(paths, &PROD).unwrap();
    Replay { state, pending, last_create }
}

fn pod(index: u32) -> Address {
    Address::new("pod", "trainer").with_index(index)
}

fn record(id: &str) -> Record {
    let inputs = [("image", Value::text("runpod/pytorch"))].into();
    Record {
        kind: "pod".into(),
        id: id.into(),
        inputs,
        chosen: BTreeMap::new(),
        marked: None,
        depends_on: Vec::new(),
        power: None,
        prevent_destroy: false,
        ignored: Default::default(),
        tainted: false,
        awaiting_ready: None,
    }
}

fn intent(index: u32) -> Entry {
    Entry::Intent(Intent {
        operation: format!("op{index}"),
        address: pod(index),
        verb: Verb::Create,
        id: None,
        record: Some(record("")),
        members: BTreeMap::new(),
        removed: Vec::new(),
        deposed: BTreeMap::new(),
        existing: Vec::new(),
        made_by: None,
        at: "2026-11-23T14:00:00Z".into(),
        uptime: None,
    })
}

fn outcome(index: u32, id: Option<&str>) -> Entry {
    let records = BTreeMap::from([(pod(index), id.map(record))]);
    Entry::Outcome(Outcome { operation: format!("op{index}"), records })
}

fn ids(state: &State) -> Vec<&str> {
    state.resources.values().map(|record| record.id.as_str()).collect()
}

fn pending(replay: &Replay) -> Vec<&str> {
    replay.pending.iter().map(|intent| intent.operation.as_str()).collect()
}

#[test]
fn tasks_can_share_a_locked_state() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<LockedState>();
    shared::<StoreError>();
}
