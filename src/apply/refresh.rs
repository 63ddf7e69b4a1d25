//! Reads the state and the world without a lock and without writing, and reports which addresses are still unsettled.

use std::collections::{BTreeMap, BTreeSet};

use super::recover::{ListedObjects, RecoverError, look_again, made_by, settled_in_memory};
use crate::model::{Address, Moment, Observed, Replay, State, Unsettled};
use crate::observe::{KindNames, observe};
use crate::runpod::Api;
use crate::store::{self, Holder, Identity, Paths, Snapshot};
use crate::transport::clock::Clock;

/// The inputs of a read-only command.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// With the pending operations of a running or killed apply settled in memory, if the world shows their outcome.
    pub state: State,
    pub observed: Observed,
    /// Addresses that sindri is changing now, or changed so recently that lists may lag.
    pub unsettled: BTreeMap<Address, Unsettled>,
    /// Objects, by kind and id, that an apply has created since the state was read.
    pub expected: BTreeSet<(String, String)>,
}

/// The state and the API to read.
#[derive(Clone, Copy)]
pub struct RefreshContext<'a> {
    pub api: &'a dyn Api,
    pub paths: &'a Paths,
    pub identity: Identity<'a>,
    pub clock: &'a Clock,
    /// The kinds of the configuration's resources.
    pub declared: &'a KindNames,
}

/// Reads the state, then the world. Calls `running` if an apply is in progress.
pub async fn refresh(place: RefreshContext<'_>, running: impl FnOnce(&Holder)) -> Result<Refresh, RecoverError> {
    let before = store::read(place.paths, &place.identity)?;
    see(place, before, running).await
}

/// Like `refresh`, and marks changes made by an apply in the meantime, so that they are not reported as drift.
pub async fn refresh_and_recheck(
    place: RefreshContext<'_>,
    running: impl FnOnce(&Holder),
) -> Result<Refresh, RecoverError> {
    let before = store::read(place.paths, &place.identity)?;
    let mut refresh = see(place, before.clone(), running).await?;
    // The lists are newer than the state that was read before them. Everything that an apply created before the lists
    // were made has an intent or a record by now, because the intent is durable before the request is sent.
    let after = store::read(place.paths, &place.identity)?;
    for address in appended(&before, &after) {
        refresh.unsettled.entry(address.clone()).or_insert(Unsettled::InFlight);
    }
    let listed = ListedObjects::new(refresh.observed.iter(), &after.state);
    let made = after.pending.iter().flat_map(|intent| made_by(intent, &after.state, &listed));
    let made = made.map(|object| (object.kind.to_owned(), object.id.clone()));
    let recorded = after.state.resources.values().map(|record| (record.kind.to_string(), record.id.clone()));
    refresh.expected = made.chain(recorded).collect();
    Ok(refresh)
}

async fn see(
    place: RefreshContext<'_>,
    before: Snapshot,
    running: impl FnOnce(&Holder),
) -> Result<Refresh, RecoverError> {
    let Snapshot { state, pending, last_create, running: holder, .. } = before;
    if let Some(holder) = &holder {
        running(holder);
    }
    let replay = Replay { state, pending, last_create };
    let mut observed = observe(place.api, place.declared, &replay).await?;
    // A reader does not create replacements for missing objects, so the date is precise enough.
    let is_fresh = |created: &Moment| place.clock.age_by_date(created) < place.api.list_lag();
    let fresh = look_again(place.api, &replay, &is_fresh, &mut observed).await?;
    let Replay { state, pending, .. } = settled_in_memory(replay, &observed);
    let mut unsettled: BTreeMap<Address, Unsettled> =
        fresh.into_iter().map(|address| (address, Unsettled::Fresh)).collect();
    unsettled.extend(pending.iter().map(|intent| (intent.address.clone(), Unsettled::InFlight)));
    Ok(Refresh { state, observed, unsettled, expected: BTreeSet::new() })
}

/// Addresses that differ between two readings of one state.
fn appended<'s>(before: &'s Snapshot, after: &'s Snapshot) -> impl Iterator<Item = &'s Address> {
    let records = |snapshot: &'s Snapshot| snapshot.state.resources.keys();
    let recorded = records(before)
        .chain(records(after))
        .filter(|address| before.state.resources.get(*address) != after.state.resources.get(*address));
    let asked = |one: &'s Snapshot, other: &'s Snapshot| {
        let known: BTreeSet<&str> = other.pending.iter().map(|intent| intent.operation.as_str()).collect();
        one.pending.iter().filter(move |intent| !known.contains(intent.operation.as_str()))
    };
    recorded.chain(asked(before, after).chain(asked(after, before)).map(|intent| &intent.address))
}
