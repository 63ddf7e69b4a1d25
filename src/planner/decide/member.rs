//! Decides about parts of another resource's request. Their changes follow from their parent's.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::kind::Kind;
use crate::model::{Action, Address, Attributes, Cause, Change, Record};
use crate::planner::decide::change::{Decision, DecisionContext};
use crate::resource::members;
use crate::resource::records::declared_record;

/// Decides about one part, based on the decision about its parent.
pub fn decide_member<'a>(
    context: &DecisionContext<'a>,
    kind: &'static Kind,
    address: &Address,
    parent: Option<&Decision<'a>>,
) -> Decision<'a> {
    let resource = context.desired.get(address);
    let mut record = context.prior.resources.get(address).map(Cow::Borrowed);
    let parent_action = parent.map_or(Action::Forget, |parent| parent.change.action);
    let listed = parent.and_then(|parent| parent.object?.attributes.get(kind.member_of.as_ref()?.attribute));
    let there =
        listed.is_some_and(|listed| listed.text_items().contains(&address.member.as_deref().unwrap_or_default()));
    if parent.is_some_and(|parent| parent.imports) {
        // The record is about a part of another object, or of this one before its ports were changed.
        record = resource.filter(|_| there).map(|resource| {
            let id = member_id(parent, address).unwrap_or_default();
            Cow::Owned(Record { id, ..declared_record(kind, resource, None) })
        });
    }
    // Whether the parent's request includes its members at all.
    let carried = parent_action == Action::Create
        || parent_action.destroys()
        || parent.is_some_and(|parent| {
            let attribute = kind.member_of.as_ref().map(|membership| membership.attribute);
            parent.change.fields.iter().any(|field| Some(field.path.as_str()) == attribute)
        });
    let action = match (resource.is_some(), parent_action) {
        (true, Action::Create) => Action::Create,
        (true, action) if action.is_replacement() && record.is_some() => action,
        (true, action) if action.is_replacement() => Action::Create,
        (true, Action::Import) if there => Action::Import,
        (true, _) if there || !carried => Action::NoOp,
        (true, _) => Action::Create,
        (false, Action::Forget) => Action::Forget,
        (false, _) if record.is_none() => Action::NoOp,
        (false, _) if carried => Action::Delete,
        (false, _) => Action::NoOp,
    };
    let id = record.as_ref().map(|record| record.id.clone());
    let mut causes = Vec::new();
    if action != Action::NoOp {
        causes.extend(parent.map(|parent| Cause::Parent { address: parent.change.address.clone() }));
    }
    let inputs = |inputs: Option<&Attributes>| inputs.cloned().unwrap_or_default();
    let change = Change {
        id,
        before: inputs(record.as_ref().map(|record| &record.inputs)),
        after: inputs(resource.map(|resource| &resource.inputs)),
        position: resource.and_then(|resource| resource.position.clone()),
        ..Change::new(address.clone(), action, causes)
    };
    // If a template supplies the members, they are not recorded, and any are accepted.
    let left = resource.is_none()
        && parent.is_some_and(|parent| {
            let attribute = kind.member_of.as_ref().map(|membership| membership.attribute);
            parent.kind.supplied(&parent.change.after).any(|(name, ..)| Some(name) == attribute)
        });
    let is_spared = context.input.options.destroy
        && parent.is_some_and(|parent| !context.destroy_targets.contains(&parent.change.address));
    let settled = match action {
        Action::Delete | Action::Forget => None,
        // Other resources are being destroyed; this one keeps its record.
        _ if is_spared => record.as_deref().cloned(),
        Action::NoOp if left => None,
        // Neither existing nor planned (removed from the file, or its absence is ignored), so no record remains.
        Action::NoOp if !there && (resource.is_none() || listed.is_some()) => None,
        _ => resource
            .map(|resource| {
                let mut settled = declared_record(kind, resource, None);
                let keeps = !matches!(action, Action::Create) && !action.is_replacement();
                settled.id = record.as_ref().filter(|_| keeps).map_or_else(
                    || keeps.then(|| member_id(parent, address)).flatten().unwrap_or_default(),
                    |record| record.id.clone(),
                );
                settled
            })
            .or_else(|| record.as_deref().cloned()),
    };
    Decision {
        change,
        kind,
        resource,
        record,
        object: None,
        imports: false,
        settled,
        power: None,
        refused: BTreeSet::new(),
    }
}

fn member_id(parent: Option<&Decision<'_>>, address: &Address) -> Option<String> {
    Some(members::id_of_member(&parent?.object?.id, address))
}
