//! What a plan is called: a digest of what it does, the same on every machine.
//!
//! In it is whatever somebody who approves a plan relies on: which objects, what is done to them and with which values,
//! what is lost. Out of it is what may differ between two readings of the same plan: the order of things, prices, lines of
//! files, words, and secrets (of which it is told only that they change).

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::model::{Action, Address, Attributes, Change, Loss, Operation, Plan, Record, SideEffect, Value, Verb};
use crate::resource::members;

/// So many hex digits name a plan: 64 bits, far more than anybody approves plans.
const DIGITS: usize = 16;

/// The plan's id, for `apply --expect`: 16 hex digits.
pub fn id(plan: &Plan) -> String {
    id_with(plan, &requests(plan))
}

/// The same, of a plan whose requests are told by their digests: a saved one.
pub fn id_with(plan: &Plan, requests: &BTreeMap<Address, String>) -> String {
    #[derive(Serialize)]
    struct Canonical<'a> {
        name: &'a str,
        environment: &'a str,
        /// Before the first apply every reading makes up one of its own.
        lineage: Option<&'a str>,
        api: &'a str,
        destroy: bool,
        moves: Vec<&'a (Address, Address)>,
        actions: BTreeMap<&'a Address, String>,
        /// What the state takes over, where that is all that the plan is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        accepts: Option<&'a BTreeMap<Address, Option<Record>>>,
    }
    let mut moves: Vec<_> = plan.moves.iter().collect();
    moves.sort();
    digest(&Canonical {
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

/// Of everything that the plan does, a digest of what exactly. Members (ports) have one of their own, beside being told
/// with their parent's request.
pub fn actions<'a>(plan: &'a Plan, requests: &BTreeMap<Address, String>) -> BTreeMap<&'a Address, String> {
    let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changed.map(|change| (&change.address, action(change, requests.get(&change.address)))).collect()
}

fn action(change: &Change, requests: Option<&String>) -> String {
    #[derive(Serialize)]
    struct Canonical<'a> {
        action: Action,
        id: Option<&'a str>,
        fields: BTreeMap<&'a str, (&'a Value, &'a Value)>,
        losses: &'a [Loss],
        /// Only fields: prices are no part of a plan's identity.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        side_fields: BTreeMap<&'a str, (&'a Value, &'a Value)>,
        requests: Option<&'a String>,
    }
    digest(&Canonical {
        action: change.action,
        id: change.id.as_deref(),
        fields: change.fields.iter().map(|field| (field.path.as_str(), (&field.before, &field.after))).collect(),
        losses: &change.losses,
        side_fields: change
            .side_effects
            .iter()
            .filter_map(|effect| match effect {
                SideEffect::Field { field } => Some((field.path.as_str(), (&field.before, &field.after))),
                SideEffect::Boots { .. } | SideEffect::DestroyedFirst { .. } => None,
            })
            .collect(),
        requests,
    })
}

/// A digest of the requests of every address that has any: what is sent, without the order between addresses.
pub fn requests(plan: &Plan) -> BTreeMap<Address, String> {
    #[derive(Serialize)]
    struct Request<'a> {
        verb: Verb,
        id: Option<&'a str>,
        inputs: &'a Attributes,
        candidates: &'a [Attributes],
        members: Vec<&'a Address>,
    }
    let mut by_address: BTreeMap<Address, Vec<Request<'_>>> = BTreeMap::new();
    for operation in plan.operations.iter().filter(|operation| operation.verb != Verb::Wait) {
        // A predecessor is destroyed in the name of its successor.
        let address = operation.address.successor().unwrap_or_else(|| operation.address.clone());
        let Operation { verb, id, inputs, candidates, members, .. } = operation;
        let members = members.keys().collect();
        by_address.entry(address).or_default().push(Request {
            verb: *verb,
            id: id.as_deref(),
            inputs,
            candidates,
            members,
        });
    }
    by_address.into_iter().map(|(address, requests)| (address, digest(&requests))).collect()
}

/// The address that a change stands or falls with: the pod of a port, the successor of a predecessor.
pub(in crate::planner) fn root(address: &Address) -> Address {
    address.successor().or_else(|| members::parent_of(address)).unwrap_or_else(|| address.clone())
}

/// The first digits of SHA-256 over canonical JSON: maps are sorted, numbers are whole, secrets are words.
pub(in crate::planner) fn digest(canonical: &(impl Serialize + ?Sized)) -> String {
    let bytes = serde_json::to_vec(canonical).expect("plain data with text keys");
    let mut digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    digits.truncate(DIGITS);
    digits
}
