//! Resolves unknown outcomes: creates whose response was lost, and intents (journal entries written before requests)
//! that a killed run left behind.
//!
//! RunPod's create is not idempotent, may fail after it took effect, and its object may be invisible for a while
//! (contract, section 13). A create with an unknown outcome is therefore never sent again until the lists have
//! been searched for its object for longer than their lag.

mod trace;
mod update;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use trace::{CreateTrace, migrated_object, trace};
pub(super) use trace::{IdentityValues, ListedObjects, identity_of, made_by, migrated_among};
pub(super) use update::{UpdateRequest, quoted, updated};

use super::{Event, Events};
use crate::kind::{self, Kind};
use crate::model::{
    Address, Entry, Intent, Moment, Object, Observed, Outcome, PendingIntents, Record, Replay, State, Verb,
};
use crate::observe::{KindNames, observe};
use crate::resource::Folding;
use crate::resource::inventory::migrated;
use crate::resource::members;
use crate::runpod::{Api, ApiError};
use crate::store::{LockedState, StoreError};
use crate::transport::clock::Clock;

/// When to search the lists for a create with an unknown outcome: six times over 62 s, with growing gaps. Source:
/// contract, section 13, rule 2 (at least 5 times over 60 s or more).
const SEARCHES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Time between searches after the last of those.
const LAST_GAP: Duration = Duration::from_secs(10);

/// Maximum time between a create's intent and its request, which first waits for quotas and connections.
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// Maximum number of objects to read one by one; the next list shows the rest.
const MOST_READS: usize = 20;

/// Reports for a pending update, start or stop.
const EFFECT: &str = "it had taken effect";
const NO_EFFECT: &str = "it had no effect";

/// Why intents of an earlier run could not be resolved.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RecoverError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
}

/// The record of a create that made `object`, with the records of its members.
pub fn created(intent: &Intent, object: &Object) -> Outcome {
    let mut records = BTreeMap::new();
    if let Some(record) = &intent.record {
        let chosen = object.computed.chosen.clone();
        records.insert(intent.address.clone(), Some(Record { id: object.id.clone(), chosen, ..record.clone() }));
    }
    for (address, member) in &intent.members {
        let id = members::id_of_member(&object.id, address);
        records.insert(address.clone(), Some(Record { id, ..member.clone() }));
    }
    for (address, record) in &intent.deposed {
        records.insert(address.clone(), Some(record.clone()));
    }
    for address in &intent.removed {
        records.insert(address.clone(), None);
    }
    Outcome { operation: intent.operation.clone(), records }
}

/// The records of an object that continued under another id before it could be deleted.
pub fn followed(intent: &Intent, state: &State, object: &Object) -> Outcome {
    let id = |address: &Address| match address == &intent.address {
        true => object.id.clone(),
        false => members::id_of_member(&object.id, address),
    };
    let known = std::iter::once(&intent.address).chain(&intent.removed);
    let records = known.filter_map(|address| {
        let record = state.resources.get(address)?;
        Some((address.clone(), Some(Record { id: id(address), ..record.clone() })))
    });
    Outcome { operation: intent.operation.clone(), records: records.collect() }
}

/// An outcome without changes, because the request had no effect.
pub fn without_effect(intent: &Intent) -> Outcome {
    Outcome { operation: intent.operation.clone(), records: BTreeMap::new() }
}

/// The result of searching the lists for a create with an unknown outcome.
pub enum SearchResult {
    Nothing,
    Made(Box<Object>),
    /// The number of objects that match it.
    Several(usize),
}

/// Searches the lists for the object of a create with an unknown outcome.
pub async fn search(
    api: &dyn Api,
    kind: &'static Kind,
    intent: &Intent,
    store: &LockedState,
) -> Result<SearchResult, ApiError> {
    let mut last = Ok(SearchResult::Nothing);
    for gap in SEARCHES {
        // If lists are known to lag less, waiting longer proves nothing more.
        sleep(gap.min(api.list_lag())).await;
        match api.list(kind).await {
            Ok(objects) => {
                let found = store.read(|known| {
                    let listed = ListedObjects::new(&objects, &known.state);
                    trace(intent, &known.state, &known.pending, &listed)
                });
                match found {
                    CreateTrace::Made(object, _) => return Ok(SearchResult::Made(Box::new(object.clone()))),
                    CreateTrace::Several(_, count) => return Ok(SearchResult::Several(count)),
                    CreateTrace::Nothing => last = Ok(SearchResult::Nothing),
                }
            }
            Err(error) => last = Err(error),
        }
    }
    last
}

/// Describes `count` objects that a create may have made.
pub fn several(kind: &Kind, count: usize) -> String {
    format!(
        "{count} {}s match its request. Someone created one at the same time, so ours cannot be identified; choose \
         one with `sindri import`",
        kind.title
    )
}

/// The outcome of a pending intent according to the world; `None` if the world does not show it yet.
fn settle(
    intent: &Intent,
    state: &State,
    pending: &PendingIntents,
    (observed, listed): (&Observed, &ListedObjects<'_>),
) -> Option<(Outcome, String, Option<String>)> {
    let object = intent.id.as_ref().and_then(|id| observed.get(&intent.address.kind, id)).filter(|o| !o.is_leaving());
    let tell = |outcome, how: &str| Some((outcome, how.to_owned(), intent.id.clone()));
    match intent.verb {
        Verb::Create => match trace(intent, state, pending, listed) {
            CreateTrace::Nothing => None,
            CreateTrace::Made(object, twins) => {
                let how = match twins {
                    0 => "it had been created; the response was lost".to_owned(),
                    _ => format!("it had been created {} times; the oldest is kept, the others are orphans", twins + 1),
                };
                Some((created(intent, object), how, Some(object.id.clone())))
            }
            CreateTrace::Several(kind, count) => tell(without_effect(intent), &several(kind, count)),
        },
        // Lists show deleted objects for a while, so a listed object proves nothing yet.
        Verb::Delete if object.is_some() => None,
        Verb::Delete => {
            if let Some(object) = migrated_object(intent, state, listed) {
                let how = format!("it had migrated instead; `{}` has its marker", object.id);
                return Some((followed(intent, state, object), how, Some(object.id.clone())));
            }
            let mut records: BTreeMap<_, _> = intent.removed.iter().map(|address| (address.clone(), None)).collect();
            records.insert(intent.address.clone(), None);
            tell(Outcome { operation: intent.operation.clone(), records }, "it no longer exists")
        }
        Verb::Update => {
            let (outcome, how) = settle_update(intent, state, object);
            tell(outcome, &how)
        }
        Verb::Start | Verb::Stop => {
            let power = object.and_then(|object| object.status.as_ref()?.power());
            match &intent.record {
                Some(record) if power.is_some() && power == record.power => tell(updated(intent), EFFECT),
                _ => tell(without_effect(intent), NO_EFFECT),
            }
        }
        Verb::Import | Verb::Forget | Verb::Wait => tell(without_effect(intent), "it changes nothing at RunPod"),
    }
}

/// The records after an update of an earlier run, and a sentence about them.
fn settle_update(intent: &Intent, state: &State, object: Option<&Object>) -> (Outcome, String) {
    let result = object.zip(UpdateRequest::of_intent(intent, state)).map(|(object, request)| request.result(object));
    match result {
        Some(result) if result.missing.is_empty() => (result.outcome, EFFECT.to_owned()),
        Some(result) if result.had_effect => {
            (result.outcome, format!("{EFFECT}, except for {}", quoted(&result.missing)))
        }
        _ => (without_effect(intent), NO_EFFECT.to_owned()),
    }
}

/// The state from which a reader plans: pending intents are settled in memory if the world shows their outcome, and
/// stay pending otherwise. Writes nothing.
pub fn settled_in_memory(mut replay: Replay, observed: &Observed) -> Replay {
    let pending = std::mem::take(&mut replay.pending);
    let mut known = Folding::of(replay);
    let mut listed = ListedObjects::new(observed.iter(), &known.state);
    let mut open = Vec::new();
    for intent in pending.iter() {
        match settle(intent, &known.state, &pending, (observed, &listed)) {
            Some((outcome, _, id)) => {
                known.fold(Entry::Outcome(outcome));
                id.iter().for_each(|id| listed.take(&intent.address.kind, id));
            }
            None => open.push(intent.clone()),
        }
    }
    let mut replay = known.into_replay();
    open.into_iter().for_each(|intent| replay.pending.push(intent));
    replay
}

/// Resolves, durably, what earlier runs left open, and returns the observed objects.
///
/// Waits until an object that no list shows can no longer appear. Only then does a pending create count as never
/// made, or a recorded object as gone.
pub async fn recover(
    api: &dyn Api,
    store: &LockedState,
    clock: &Clock,
    declared: &KindNames,
    events: Events<'_>,
) -> Result<Observed, RecoverError> {
    let lag = api.list_lag();
    // Measured on this run's clock. Times in the journal come from another run whose clock may have been wrong, and its
    // request may have been sent long after its intent was written.
    let started = Instant::now();
    let mut gaps = SEARCHES.iter().skip(1).copied();
    let mut reported = false;
    loop {
        let mut replay = store.snapshot();
        let mut observed = observe(api, declared, &replay).await?;
        let mut open = Vec::new();
        let (mut entries, mut news) = (Vec::new(), Vec::new());
        let pending = std::mem::take(&mut replay.pending);
        let mut known = Folding::of(replay);
        let mut listed = ListedObjects::new(observed.iter(), &known.state);
        for intent in pending.iter() {
            match settle(intent, &known.state, &pending, (&observed, &listed)) {
                Some((outcome, how, id)) => {
                    // A volume found for one intent is not found again for the next.
                    id.iter().for_each(|id| listed.take(&intent.address.kind, id));
                    entries.push(known.fold(Entry::Outcome(outcome)));
                    news.push(Event::Recovered { address: intent.address.clone(), verb: intent.verb, id, how });
                }
                None => open.push(intent.clone()),
            }
        }
        store.record_all(entries).await?;
        news.into_iter().for_each(events);
        let is_fresh = |created: &Moment| clock.least_age(created) < lag;
        let unseen = look_again(api, &known, &is_fresh, &mut observed).await?;
        let looked_long_enough = started.elapsed() >= lag;
        let settled = open.iter().all(|intent| {
            let delay = if intent.verb == Verb::Create { LONGEST_DELAY } else { Duration::ZERO };
            clock.least_age(&intent.moment()) >= lag + delay
        });
        if looked_long_enough || (settled && unseen.is_empty()) {
            store.record_all(open.iter().map(|intent| Entry::Outcome(without_effect(intent))).collect()).await?;
            for intent in open {
                let how = match intent.verb {
                    Verb::Create => "no list shows it, so it was never created".to_owned(),
                    _ => "it still exists".to_owned(),
                };
                events(Event::Recovered { address: intent.address, verb: intent.verb, id: None, how });
            }
            return Ok(observed);
        }
        if !std::mem::replace(&mut reported, true) {
            for address in unseen.iter().chain(open.iter().map(|intent| &intent.address)) {
                let message = format!(
                    "an earlier run created or deleted it, but no list shows the result yet; checking for up to {} s",
                    lag.as_secs()
                );
                events(Event::Settled { address: address.clone(), message });
            }
        }
        sleep(gaps.next().unwrap_or(LAST_GAP).min(lag)).await;
    }
}

/// Reads recorded objects that are missing from the lists, if something was created so recently that lists may lag: a
/// new pod is missing from lists for longer than from reads. Adds the found objects to `observed`, and returns the
/// missing ones.
///
/// If a read returns 404 too and another live pod carries the object's marker, the object is certainly gone: RunPod
/// migrated it, or an apply from another branch replaced it.
pub async fn look_again(
    api: &dyn Api,
    replay: &Replay,
    is_fresh: &(dyn Fn(&Moment) -> bool + Sync),
    observed: &mut Observed,
) -> Result<Vec<Address>, ApiError> {
    let mut unseen = Vec::new();
    if !replay.last_create.as_ref().is_some_and(is_fresh) {
        return Ok(unseen);
    }
    let elsewhere = migrated(&replay.state, observed);
    let missing = replay.state.resources.iter().filter_map(|(address, record)| {
        let kind = kind::find(&record.kind).filter(|kind| kind.member_of.is_none())?;
        observed.get(kind.name, &record.id).is_none().then_some((address, kind, record))
    });
    let mut found = Vec::new();
    for (asked, (address, kind, record)) in missing.enumerate() {
        let object = if asked < MOST_READS { api.read(kind, &record.id).await? } else { None };
        match object {
            Some(object) => found.push(object),
            None => match elsewhere.get(address) {
                Some(other) if lives(api, kind, other, asked).await? => {}
                _ => unseen.push(address.clone()),
            },
        }
    }
    found.into_iter().for_each(|object| observed.insert(object));
    Ok(unseen)
}

/// Whether a listed object also exists for reads. Lists show deleted objects for longer.
async fn lives(api: &dyn Api, kind: &'static Kind, listed: &Object, asked: usize) -> Result<bool, ApiError> {
    if asked >= MOST_READS {
        return Ok(true);
    }
    Ok(api.read(kind, &listed.id).await?.is_some_and(|object| !object.is_leaving()))
}
