//! Reads the world through an API: one list call per listed kind gives [`Observed`], and the questions of a plan beyond
//! the lists give [`Answers`]. Decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join_all, try_join_all};

use crate::kind::{self, Kind};
use crate::model::{Address, Attributes, Marker, Observed, Operation, Plan, Replay, Resource, Verb};
use crate::planner::decide::feasible;
use crate::planner::decide::feasible::Answers;
use crate::planner::drift::survey;
use crate::runpod::{Api, ApiError};

/// Names of kinds.
pub type KindNames = BTreeSet<&'static str>;

/// All objects in the account of the kinds that are always listed, named in `declared`, or known to `replay`: one list
/// per kind (and page), concurrently. Recorded objects that the dialect cannot show are as in the state.
pub async fn observe(api: &dyn Api, declared: &KindNames, replay: &Replay) -> Result<Observed, ApiError> {
    let mut known: BTreeSet<&str> = replay.state.resources.values().map(|record| &*record.kind).collect();
    known.extend(replay.pending.iter().map(|intent| &*intent.address.kind));
    let is_due = |kind: &&Kind| kind.always_listed || declared.contains(kind.name) || known.contains(kind.name);
    let lists = try_join_all(kind::listed_on(api.dialect()).filter(is_due).map(|kind| api.list(kind))).await?;
    let mut observed: Observed = lists.into_iter().flatten().collect();
    // A dialect without objects of a kind says nothing about them, so they count as unchanged.
    let is_silent = |kind: &str| kind::find(kind).is_some_and(|kind| !kind.dialects.contains(&api.dialect()));
    if known.iter().any(|kind| is_silent(kind)) {
        let remembered = survey::remembered(&replay.state);
        remembered.iter().filter(|object| is_silent(object.kind)).for_each(|object| observed.insert(object.clone()));
    }
    Ok(observed)
}

/// The kinds of the declared resources.
pub fn kinds_of(resources: &BTreeMap<Address, Resource>) -> KindNames {
    let declared: BTreeSet<&str> = resources.keys().map(|address| &*address.kind).collect();
    kind::listed().map(|kind| kind.name).filter(|name| declared.contains(name)).collect()
}

/// Facts about a plan's creates that are not in the lists. Sends one request per distinct question, and none if no
/// create names anything outside the lists. Unanswered questions stay unknown.
pub async fn inquire(api: &dyn Api, plan: &Plan) -> Answers {
    let creates = || plan.operations.iter().filter(|operation| operation.verb == Verb::Create);
    let asked: BTreeSet<_> =
        creates().flat_map(|create| feasible::outside(&create.address.kind, &create.inputs)).collect();
    let presences = join_all(asked.into_iter().map(async |(outside, id)| {
        let presence = api.presence(outside, &id).await.ok().flatten()?;
        Some(((outside, id), presence))
    }));
    let unsendable = creates().filter_map(|create| {
        let error = unsendable(api, plan, create)?;
        Some((create.address.clone(), error.message))
    });
    Answers {
        unsendable: unsendable.collect(),
        outside: presences.await.into_iter().flatten().collect(),
        out_of_stock: out_of_stock(api, plan).await,
    }
}

/// Why none of a create's candidates could be sent. Sends nothing.
pub fn unsendable(api: &dyn Api, plan: &Plan, create: &Operation) -> Option<ApiError> {
    let kind = kind::find(&create.address.kind)?;
    let marker = kind.is_marked().then(|| Marker {
        lineage: plan.lineage.clone(),
        name: plan.name.clone(),
        environment: plan.environment.clone(),
        address: create.address.clone(),
        operation: "0".repeat(16),
    });
    let mut refused = None;
    for inputs in candidates(create) {
        refused = Some(api.unsendable(kind, &inputs, marker.as_ref())?);
    }
    refused
}

/// The inputs of a create for each of its candidates, in order.
pub fn candidates(create: &Operation) -> impl Iterator<Item = Attributes> {
    create.candidates.iter().map(|candidate| {
        let mut inputs = create.inputs.clone();
        inputs.extend(candidate.clone());
        inputs
    })
}

/// Replacements that destroy first and for which the catalog shows no candidate in stock.
async fn out_of_stock(api: &dyn Api, plan: &Plan) -> BTreeSet<Address> {
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    let mut missing = BTreeSet::new();
    for successor in plan.operations.iter().filter_map(|delete| plan.operations.get(delete.replaced_by?)) {
        let Some(kind) = kind::find(&successor.address.kind).filter(|kind| kind.has_capacity) else { continue };
        let answer = async |key: String, inputs: Attributes| {
            let answered = known.get(&key).copied();
            let in_stock = match answered {
                Some(in_stock) => in_stock,
                None => is_in_stock(api, kind, &inputs).await,
            };
            known.insert(key, in_stock);
            in_stock
        };
        if !any_in_stock(api, kind, successor, answer).await {
            missing.insert(successor.address.clone());
        }
    }
    missing
}

/// Whether one of a create's candidates is in stock. Calls `answer` for each of them in turn, with the key under which
/// its answer may be cached. A candidate without a key counts as in stock.
pub async fn any_in_stock(
    api: &dyn Api,
    kind: &'static Kind,
    create: &Operation,
    mut answer: impl AsyncFnMut(String, Attributes) -> bool,
) -> bool {
    for inputs in candidates(create) {
        let Some(key) = api.stock_key(kind, &inputs) else { return true };
        if answer(key, inputs).await {
            return true;
        }
    }
    create.candidates.is_empty()
}

/// Whether RunPod's catalog shows stock for these inputs. A missing answer counts as stock, because it is no reason to
/// refuse.
pub async fn is_in_stock(api: &dyn Api, kind: &'static Kind, inputs: &Attributes) -> bool {
    !matches!(api.in_stock(kind, inputs).await, Ok(Some(false)))
}
