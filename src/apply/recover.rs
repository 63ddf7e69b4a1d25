//! Settling what is not known: creates whose answer was lost, and intents that a killed run left behind.
//!
//! RunPod's create is not idempotent, may fail after it took effect and may be invisible for a while (contract, section 13).
//! So a create of unknown outcome is never sent again before the lists were searched for what it may have made, over a
//! window that outlasts their lag.

mod trace;
mod update;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use trace::{Trace, trace};
pub(super) use trace::{made_by, moved};
pub(super) use update::{Request, quoted, updated};

use super::{Event, Events};
use crate::kind::{self, Kind};
use crate::model::{
    Address, Entry, Intent, Moment, Object, Observed, Outcome, PendingIntents, Record, Replay, State, Verb,
};
use crate::observe::observe;
use crate::resource::fold;
use crate::resource::inventory::migrated;
use crate::resource::members;
use crate::runpod::{Api, ApiError};
use crate::store::{LockedState, StoreError};
use crate::transport::clock::Clock;

/// When the lists are searched for a create of unknown outcome: six times over 62 s, with growing gaps.
/// Source: contract, section 13, rule 2 (at least 5 times over 60 s or more).
const SEARCHES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Between searches after the last of those.
const LAST_GAP: Duration = Duration::from_secs(10);

/// How long after its intent a create may have left: it waits for quotas and connections first.
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// So many objects are asked for one by one; of more than that the next list tells.
const MOST_READS: usize = 20;

/// How a pending update, start or stop is reported.
const EFFECT: &str = "it had taken effect";
const NO_EFFECT: &str = "it had no effect";

/// What kept an earlier run's intents from being settled.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RecoverError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
}

/// The record of a create that made `object`, with those of its members.
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

/// The records of an object that went on under another id before it could be deleted.
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

/// An outcome that changes nothing: the request had no effect.
pub fn without_effect(intent: &Intent) -> Outcome {
    Outcome { operation: intent.operation.clone(), records: BTreeMap::new() }
}

/// What a search of the lists for a create of unknown outcome came to.
pub enum Found {
    Nothing,
    Made(Box<Object>),
    /// So many look like it.
    Several(usize),
}

/// Searches the lists for what a create of unknown outcome made.
pub async fn search(api: &dyn Api, kind: &'static Kind, intent: &Intent, replay: &Replay) -> Result<Found, ApiError> {
    let mut last = Ok(Found::Nothing);
    for gap in SEARCHES {
        // Where lists are known to lag for less, waiting for longer proves nothing more.
        sleep(gap.min(api.list_lag())).await;
        match api.list(kind).await {
            Ok(objects) => match trace(intent, &replay.state, &replay.pending, objects.iter()) {
                Trace::Made(object, _) => return Ok(Found::Made(Box::new(object.clone()))),
                Trace::Several(_, count) => return Ok(Found::Several(count)),
                Trace::Nothing => last = Ok(Found::Nothing),
            },
            Err(error) => last = Err(error),
        }
    }
    last
}

/// `count` objects look like what a create may have made.
pub fn several(kind: &Kind, count: usize) -> String {
    format!(
        "{count} {}s look like what it asked for, so that somebody made one at the same moment, and which one is ours cannot \
         be told: `sindri import` takes one of them over",
        kind.title
    )
}

/// What the world says about one pending intent; `None` where it does not say anything yet.
fn settle(
    intent: &Intent,
    state: &State,
    pending: &PendingIntents,
    observed: &Observed,
) -> Option<(Outcome, String, Option<String>)> {
    let object = intent.id.as_ref().and_then(|id| observed.get(&intent.address.kind, id)).filter(|o| !o.is_leaving());
    let tell = |outcome, how: &str| Some((outcome, how.to_owned(), intent.id.clone()));
    match intent.verb {
        Verb::Create => match trace(intent, state, pending, observed.iter()) {
            Trace::Nothing => None,
            Trace::Made(object, twins) => {
                let how = match twins {
                    0 => "it had been created; its answer was lost".to_owned(),
                    _ => format!("it had been created {} times; the oldest is kept, the others are orphans", twins + 1),
                };
                Some((created(intent, object), how, Some(object.id.clone())))
            }
            Trace::Several(kind, count) => tell(without_effect(intent), &several(kind, count)),
        },
        // Lists go on showing what is deleted for a while, so that being listed says nothing yet.
        Verb::Delete if object.is_some() => None,
        Verb::Delete => {
            if let Some(object) = moved(intent, state, observed.iter()) {
                let how = format!("it had moved instead: `{}` carries its marker", object.id);
                return Some((followed(intent, state, object), how, Some(object.id.clone())));
            }
            let mut records: BTreeMap<_, _> = intent.removed.iter().map(|address| (address.clone(), None)).collect();
            records.insert(intent.address.clone(), None);
            tell(Outcome { operation: intent.operation.clone(), records }, "it is gone")
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
    let result = object.zip(Request::of_intent(intent, state)).map(|(object, request)| request.result(object));
    match result {
        Some(result) if result.missing.is_empty() => (result.outcome, EFFECT.to_owned()),
        Some(result) if result.had_effect => {
            (result.outcome, format!("{EFFECT}, except for {}", quoted(&result.missing)))
        }
        _ => (without_effect(intent), NO_EFFECT.to_owned()),
    }
}

/// What a reader should plan from: pending intents settled in memory as far as the world tells; the others stay pending.
/// Writes nothing.
pub fn settled_in_memory(mut replay: Replay, observed: &Observed) -> Replay {
    let pending = std::mem::take(&mut replay.pending);
    for intent in pending.iter() {
        match settle(intent, &replay.state, &pending, observed) {
            Some((outcome, ..)) => drop(fold(&mut replay, Entry::Outcome(outcome))),
            None => replay.pending.push(intent.clone()),
        }
    }
    replay
}

/// Settles, durably, what earlier runs left open, and returns what was observed on the way.
///
/// What no list shows is given up only once it is older than the window in which it could still appear: a pending create
/// was never made then, and a recorded object is gone.
pub async fn recover(
    api: &dyn Api,
    store: &LockedState,
    clock: &Clock,
    events: Events<'_>,
) -> Result<Observed, RecoverError> {
    let lag = api.list_lag();
    // Counted on this run's own clock: times in the journal come from another run, whose clock may have been wrong, and whose
    // request may have left long after its intent was written.
    let started = Instant::now();
    let mut gaps = SEARCHES.iter().skip(1).copied();
    let mut told = false;
    loop {
        let mut observed = observe(api).await?;
        let mut replay = store.snapshot();
        let mut open = Vec::new();
        let (mut entries, mut news) = (Vec::new(), Vec::new());
        let pending = std::mem::take(&mut replay.pending);
        for intent in pending.iter() {
            match settle(intent, &replay.state, &pending, &observed) {
                Some((outcome, how, id)) => {
                    // Folded one by one, so that a volume found for one intent is not found again for the next.
                    entries.push(fold(&mut replay, Entry::Outcome(outcome)));
                    news.push(Event::Recovered { address: intent.address.clone(), verb: intent.verb, id, how });
                }
                None => open.push(intent.clone()),
            }
        }
        store.record_all(entries).await?;
        news.into_iter().for_each(events);
        let is_fresh = |created: &Moment| clock.least_age(created) < lag;
        let unseen = look_again(api, &replay, &is_fresh, &mut observed).await?;
        let looked_long_enough = started.elapsed() >= lag;
        let settled = open.iter().all(|intent| {
            let delay = if intent.verb == Verb::Create { LONGEST_DELAY } else { Duration::ZERO };
            clock.least_age(&intent.moment()) >= lag + delay
        });
        if looked_long_enough || (settled && unseen.is_empty()) {
            store.record_all(open.iter().map(|intent| Entry::Outcome(without_effect(intent))).collect()).await?;
            for intent in open {
                let how = match intent.verb {
                    Verb::Create => "no list shows it: it was never created".to_owned(),
                    _ => "it is still there".to_owned(),
                };
                events(Event::Recovered { address: intent.address, verb: intent.verb, id: None, how });
            }
            return Ok(observed);
        }
        if !std::mem::replace(&mut told, true) {
            for address in unseen.iter().chain(open.iter().map(|intent| &intent.address)) {
                let message = format!(
                    "an earlier run created or deleted it, no list shows the result, and lists lag; checking for up to {} s",
                    lag.as_secs()
                );
                events(Event::Settled { address: address.clone(), message });
            }
        }
        sleep(gaps.next().unwrap_or(LAST_GAP).min(lag)).await;
    }
}

/// Asks for recorded objects that the lists lack, while something was created so recently that lists may lag: a fresh pod
/// is missing from them for longer than from reads. Puts what is found into `observed`, and names what is not.
///
/// What a read denies as well is gone for certain where another living pod carries its marker: RunPod migrated it, or an
/// apply from another branch replaced it.
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

/// Whether a listed object is there for reads, too: lists go on showing what was deleted for longer.
async fn lives(api: &dyn Api, kind: &'static Kind, listed: &Object, asked: usize) -> Result<bool, ApiError> {
    if asked >= MOST_READS {
        return Ok(true);
    }
    Ok(api.read(kind, &listed.id).await?.is_some_and(|object| !object.is_leaving()))
}
