//! The id of a plan: a digest of what the plan does, identical on every machine.
//!
//! It covers everything an approver relies on: the objects, the actions and values, and the losses. It excludes
//! everything that may differ between two computations of the same plan: order, prices, line numbers, wording, and
//! secret values (only the fact that they change is included).

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::model::{Action, Address, Attributes, Change, Loss, Operation, Plan, Record, SideEffect, Value, Verb};
use crate::resource::members;

/// Number of hex digits in an id: 64 bits, enough to make collisions between plans unlikely.
const DIGITS: usize = 16;

/// The plan's id, for `apply --expect`: 16 hex digits.
pub fn id(plan: &Plan) -> String {
    id_with(plan, &requests(plan))
}

/// Like [`id`], for a saved plan, whose requests are only known by their digests.
pub fn id_with(plan: &Plan, requests: &BTreeMap<Address, String>) -> String {
    #[derive(Serialize)]
    struct CanonicalPlan<'a> {
        name: &'a str,
        environment: &'a str,
        /// Omitted before the first apply, because every run then generates a new one.
        lineage: Option<&'a str>,
        api: &'a str,
        destroy: bool,
        moves: Vec<&'a (Address, Address)>,
        actions: BTreeMap<&'a Address, String>,
        /// The accepted records, for a plan that only updates the state.
        #[serde(skip_serializing_if = "Option::is_none")]
        accepts: Option<&'a BTreeMap<Address, Option<Record>>>,
    }
    let mut moves: Vec<_> = plan.moves.iter().collect();
    moves.sort();
    digest(&CanonicalPlan {
        name: &plan.name,
        environment: &plan.environment,
        lineage: (!plan.new_state).then_some(plan.lineage.as_str()),
        api: &plan.api,
        destroy: plan.destroy,
        moves,
        actions: actions(plan, requests),
        accepts: plan.refresh_only.then_some(&plan.records),
    })
}

/// A digest of each change's exact content, by address. Members (ports) have their own digest and are also part of
/// their parent's request.
pub fn actions<'a>(plan: &'a Plan, requests: &BTreeMap<Address, String>) -> BTreeMap<&'a Address, String> {
    let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changed.map(|change| (&change.address, action(change, requests.get(&change.address)))).collect()
}

fn action(change: &Change, requests: Option<&String>) -> String {
    #[derive(Serialize)]
    struct CanonicalChange<'a> {
        action: Action,
        id: Option<&'a str>,
        fields: BTreeMap<&'a str, (&'a Value, &'a Value)>,
        losses: &'a [Loss],
        /// Only fields, because prices are not part of a plan's identity.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        side_fields: BTreeMap<&'a str, (&'a Value, &'a Value)>,
        requests: Option<&'a String>,
    }
    digest(&CanonicalChange {
        action: change.action,
        id: change.id.as_deref(),
        fields: change.fields.iter().map(|field| (field.path.as_str(), (&field.before, &field.after))).collect(),
        losses: &change.losses,
        side_fields: change
            .side_effects
            .iter()
            .filter_map(|effect| match effect {
                SideEffect::Field { field } => Some((field.path.as_str(), (&field.before, &field.after))),
                SideEffect::Boots { .. }
                | SideEffect::KeepsOldValue { .. }
                | SideEffect::KeepsOldObject { .. }
                | SideEffect::DestroyedFirst { .. } => None,
            })
            .collect(),
        requests,
    })
}

/// For each address with requests, a digest of them: what is sent, regardless of the order between addresses.
pub fn requests(plan: &Plan) -> BTreeMap<Address, String> {
    #[derive(Serialize)]
    struct CanonicalRequest<'a> {
        verb: Verb,
        id: Option<&'a str>,
        inputs: &'a Attributes,
        candidates: &'a [Attributes],
        members: Vec<&'a Address>,
    }
    let mut by_address: BTreeMap<Address, Vec<CanonicalRequest<'_>>> = BTreeMap::new();
    for operation in plan.operations.iter().filter(|operation| operation.verb != Verb::Wait) {
        // A predecessor's delete counts towards its successor's address.
        let address = operation.address.successor().unwrap_or_else(|| operation.address.clone());
        let Operation { verb, id, inputs, candidates, members, .. } = operation;
        let members = members.keys().collect();
        by_address.entry(address).or_default().push(CanonicalRequest {
            verb: *verb,
            id: id.as_deref(),
            inputs,
            candidates,
            members,
        });
    }
    by_address.into_iter().map(|(address, requests)| (address, digest(&requests))).collect()
}

/// The address that determines a change: the pod of a port, the successor of a predecessor.
pub(in crate::planner) fn root(address: &Address) -> Address {
    address.successor().or_else(|| members::parent_of(address)).unwrap_or_else(|| address.clone())
}

/// The first digits of the SHA-256 of canonical JSON: maps sorted, numbers whole, secrets as placeholders.
pub(in crate::planner) fn digest(canonical: &(impl Serialize + ?Sized)) -> String {
    let bytes = serde_json::to_vec(canonical).expect("plain data with text keys");
    let mut digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    digits.truncate(DIGITS);
    digits
}
