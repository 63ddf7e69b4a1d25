//! Objects that RunPod refuses to delete because other objects, which this plan keeps, use them. For example, a pod of
//! another project may mount a network volume.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind;
use crate::model::{Address, Note, Object, Observed, Operation, Plan, Refusal, RefusalCode, Verb};
use crate::resource::{self, Users};

/// For each object that `plan` deletes, by kind and id: the live users that `plan` neither deletes nor makes use another
/// object.
pub fn users<'o>(plan: &Plan, observed: &'o Observed) -> Users<'o> {
    let deletes = plan.operations.iter().filter(|operation| operation.verb == Verb::Delete);
    let deleted: BTreeSet<(&str, &str)> =
        deletes.filter_map(|operation| Some((&*operation.address.kind, operation.id.as_deref()?))).collect();
    if deleted.is_empty() {
        return Users::new();
    }
    let kept = observed.iter().filter(|object| !deleted.contains(&(object.kind, &*object.id)));
    let mut users = resource::users(kept);
    users.retain(|used, _| deleted.contains(used));
    let updates = plan.operations.iter().filter(|operation| operation.verb == Verb::Update);
    let updates: BTreeMap<(&str, &str), &Operation> =
        updates.filter_map(|update| Some(((&*update.address.kind, update.id.as_deref()?), update))).collect();
    for (used, of) in &mut users {
        of.retain(|user| {
            let update = updates.get(&(user.kind, &*user.id));
            !update.is_some_and(|update| resource::uses_by(user, *used).all(|name| update.inputs.contains_key(name)))
        });
    }
    users.retain(|_, of| !of.is_empty());
    users
}

/// Lists at most three users, each with its owner if known.
pub fn describe(users: &[&Object]) -> String {
    let owner = |object: &&Object| match &object.marker {
        Some(marker) => format!("{} (`{}` of {}/{})", object.id, marker.address, marker.name, marker.environment),
        None => format!("{} (\"{}\", in no project)", object.id, object.name),
    };
    let mut names: Vec<String> = users.iter().take(3).map(owner).collect();
    if users.len() > 3 {
        names.push(format!("{} more", users.len() - 3));
    }
    names.join(", ")
}

/// Refuses replacements whose delete RunPod will reject. Otherwise the dependents would be destroyed while the old
/// object stays. For a plain delete this is only a note, because the plan's other deletes may end costs.
pub(in crate::planner) fn refuse(plan: &mut Plan, observed: &Observed) {
    let users = users(plan, observed);
    if users.is_empty() {
        return;
    }
    let key = |address: &Address, id: &Option<String>| Some((address.kind.to_string(), id.clone()?));
    let deletes = plan.operations.iter().filter(|operation| operation.verb == Verb::Delete);
    let deleted: BTreeMap<(String, String), Address> =
        deletes.filter_map(|delete| Some((key(&delete.address, &delete.id)?, delete.address.clone()))).collect();
    let changes = plan.changes.iter().enumerate().filter(|(_, change)| change.action.is_replacement());
    let replaced: BTreeMap<(String, String), usize> =
        changes.filter_map(|(index, change)| Some((key(&change.address, &change.id)?, index))).collect();
    for ((name, id), users) in users {
        let key = (name.to_owned(), id.to_owned());
        let Some(address) = deleted.get(&key) else { continue };
        let title = kind::find(name).map_or(name, |kind| kind.title);
        let message = format!("{title} {id} cannot be deleted while {} uses it", describe(&users));
        let Some(change) = replaced.get(&key).and_then(|index| plan.changes.get_mut(*index)) else {
            plan.notes.push(Note { address: Some(address.clone()), message });
            continue;
        };
        let help = "sindri does not start a replacement that it cannot complete; delete what uses it first, where it \
                    is managed";
        let position = change.position.clone();
        change.refusals.push(Refusal { code: RefusalCode::ImpossibleCreate, message, help: help.into(), position });
    }
}
