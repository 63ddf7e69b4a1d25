//! Users of a changed object keep the old object of a replacement, or the old value of a write-only attribute, until they
//! are recreated.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Compare};
use crate::model::{Action, Address, Cause, Change, Effect, Object, Observed, Power, Risk, SideEffect, Status};
use crate::planner::decide::change::{Decision, Decisions};

/// The kind and id of an object.
type ObjectKey = (&'static str, String);

/// The managed and the unmanaged users of one object.
#[derive(Default)]
struct ObjectUsers {
    managed: Vec<Address>,
    others: Vec<String>,
}

/// Leaves objects that are superseded but still used, and notes who uses old values.
pub fn keep(decisions: &mut Decisions<'_>, observed: &Observed) {
    let mut users = users_of_superseded(decisions, observed);
    let values: Vec<(Address, Vec<Address>)> = decisions
        .by_address
        .values()
        .filter(|decision| rotates(decision))
        .map(|decision| (decision.change.address.clone(), users_of_value(decisions, &decision.change.address)))
        .collect();
    for decision in decisions.by_address.values_mut().filter(|decision| is_superseded(decision)) {
        let Some(id) = decision.change.id.clone() else { continue };
        if let Some(ObjectUsers { managed, others }) = users.remove(&(decision.kind.name, id.clone())) {
            leave(decision, SideEffect::KeepsOldObject { id, users: managed, others });
        }
    }
    for (address, users) in values.into_iter().filter(|(_, users)| !users.is_empty()) {
        if let Some(decision) = decisions.by_address.get_mut(&address) {
            decision.change.side_effects.push(SideEffect::KeepsOldValue { users });
        }
    }
}

/// The users that keep the old object of this change, with the verb: ``pod.a` and `pod.b` are`. `None` if there are none.
pub fn of_old_object(change: &Change) -> Option<String> {
    let kept = |effect: &SideEffect| match effect {
        SideEffect::KeepsOldObject { users, others, .. } => {
            let managed = users.iter().map(|address| format!("`{address}`"));
            Some(few(&managed.chain(others.iter().cloned()).collect::<Vec<_>>()))
        }
        _ => None,
    };
    change.side_effects.iter().find_map(kept)
}

/// `a is`, `a and b are`, `a, b and 3 others are`.
fn few(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("{only} is"),
        [first, last] => format!("{first} and {last} are"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} others are", rest.len()),
    }
}

/// Whether the plan would destroy its object only because a new one took its place, and users may keep the old one.
fn is_superseded(decision: &Decision<'_>) -> bool {
    let is_replaced = match decision.change.action {
        Action::ReplaceCreateFirst => true,
        Action::Delete => decision.change.causes.iter().any(|cause| matches!(cause, Cause::Superseded { .. })),
        _ => false,
    };
    is_replaced && kind::is_kept_by_users(decision.kind.name)
}

/// The object stays. A later plan destroys it.
fn leave(decision: &mut Decision<'_>, effect: SideEffect) {
    let change = &mut decision.change;
    change.side_effects.push(effect);
    if change.action == Action::Delete {
        change.action = Action::NoOp;
        change.causes.retain(|cause| matches!(cause, Cause::Superseded { .. }));
        change.hourly_after = change.hourly_before;
        change.risk = Risk::None;
        change.losses.clear();
        change.refusals.clear();
        decision.settled = decision.record.as_deref().cloned();
    }
}

/// The users that each superseded object has after the plan.
fn users_of_superseded(decisions: &Decisions<'_>, observed: &Observed) -> BTreeMap<ObjectKey, ObjectUsers> {
    let superseded = decisions.by_address.values().filter(|decision| is_superseded(decision));
    let superseded: BTreeSet<(&str, &str)> =
        superseded.filter_map(|decision| Some((decision.kind.name, decision.change.id.as_deref()?))).collect();
    let mut users: BTreeMap<ObjectKey, ObjectUsers> = BTreeMap::new();
    if superseded.is_empty() {
        return users;
    }
    let managed = decisions.by_address.values();
    let managed: BTreeMap<(&str, &str), &Decision<'_>> =
        managed.filter_map(|decision| Some(((decision.kind.name, decision.object?.id.as_str()), decision))).collect();
    for object in observed.iter().filter(|object| !object.is_leaving()) {
        let decision = managed.get(&(object.kind, object.id.as_str())).copied();
        for used in uses(object).filter(|(kind, id, _)| superseded.contains(&(kind, id))) {
            let (kind, id, attribute) = used;
            let entry = |users: &mut BTreeMap<ObjectKey, ObjectUsers>, add: &dyn Fn(&mut ObjectUsers)| {
                add(users.entry((kind, id.to_owned())).or_default());
            };
            match decision {
                None => entry(&mut users, &|of| of.others.push(format!("{} {}", object.kind, object.id))),
                Some(decision) if !gives_up(decision, attribute) => {
                    entry(&mut users, &|of| of.managed.push(decision.change.address.clone()));
                }
                Some(_) => {}
            }
        }
    }
    // They were found by id.
    users.values_mut().for_each(|of| of.managed.sort());
    users
}

/// The kind and id of everything that an object names by id, each with the attribute.
fn uses(object: &Object) -> impl Iterator<Item = (&'static str, &str, &'static str)> {
    let named = kind::find(object.kind).into_iter().flat_map(|kind| kind.named(&object.attributes));
    named.map(|(attribute, names, id)| (names.kind(), id, attribute))
}

/// Whether the plan destroys an object or changes this attribute of it.
fn gives_up(decision: &Decision<'_>, attribute: &str) -> bool {
    decision.change.action.destroys() || decision.change.fields.iter().any(|field| field.path == attribute)
}

/// Whether the change sends write-only values again.
fn rotates(decision: &Decision<'_>) -> bool {
    let is_version = |path: &str| {
        decision.kind.attribute(path).is_some_and(|attribute| attribute.compare == Compare::Version) //
    };
    decision.change.action == Action::Update && decision.change.fields.iter().any(|field| is_version(&field.path))
}

/// The running resources that need this one and do not start again in this plan.
fn users_of_value(decisions: &Decisions<'_>, address: &Address) -> Vec<Address> {
    let needs = |decision: &&Decision<'_>| {
        decision.resource.is_some_and(|resource| resource.needs.contains(address)) && decision.object.is_some()
    };
    let runs = |decision: &&Decision<'_>| {
        let change = &decision.change;
        let power = decision.object.and_then(|object| object.status.as_ref()).and_then(Status::power);
        let starts = change.action.destroys()
            || matches!(change.action, Action::Start | Action::Stop)
            || change.fields.iter().any(|field| matches!(field.effect, Effect::Restart | Effect::Rollout));
        !starts && power != Some(Power::Stopped)
    };
    let users = decisions.by_address.values().filter(needs).filter(runs);
    users.map(|decision| decision.change.address.clone()).collect()
}
