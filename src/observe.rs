//! Reading the world: two list calls for any fleet become [`Observed`], and what a plan has to know beyond them becomes
//! [`Answers`].
//!
//! Takes an API, gives what exists; decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join_all, try_join_all};

use crate::kind::{self, Kind};
use crate::model::{Address, Attributes, Marker, Observed, Operation, Plan, Verb};
use crate::planner::decide::feasible;
use crate::planner::decide::feasible::Answers;
use crate::runpod::{Api, ApiError};

/// Everything that the account holds of the listed kinds: one list per kind (and page), at the same time.
pub async fn observe(api: &dyn Api) -> Result<Observed, ApiError> {
    let lists = try_join_all(kind::listed_on(api.dialect()).map(|kind| api.list(kind))).await?;
    Ok(lists.into_iter().flatten().collect())
}

/// What a plan has to know of its creates beyond the lists: one request for each different question, none for a plan that
/// creates nothing that names something outside of the lists. What RunPod does not answer stays unknown.
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

/// Why none of a create's candidates would be sent, without sending one.
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

/// The inputs of a create for each of its candidates, in their order.
pub fn candidates(create: &Operation) -> impl Iterator<Item = Attributes> {
    create.candidates.iter().map(|candidate| {
        let mut inputs = create.inputs.clone();
        inputs.extend(candidate.clone());
        inputs
    })
}

/// Replacements that destroy first, and of which the catalog shows no candidate in stock.
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

/// Whether one of a create's candidates is in stock. `answer` is asked for each of them in turn, by the key under which an
/// answer may be kept; a candidate without a key has no stock to speak of.
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

/// Whether RunPod's catalog shows stock for these inputs. No answer counts as stock: it is no reason to refuse.
pub async fn is_in_stock(api: &dyn Api, kind: &'static Kind, inputs: &Attributes) -> bool {
    !matches!(api.in_stock(kind, inputs).await, Ok(Some(false)))
}
