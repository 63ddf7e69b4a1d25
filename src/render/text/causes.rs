//! Explains why a change is in the plan, in sentences that follow the chain of causes to its beginning.

use std::collections::BTreeSet;

use super::super::words;
use super::view::Context;
use crate::kind::{self, Kind};
use crate::model::{Action, Address, Cause, Change, DifferenceOrigin, Effect, FieldChange, Position, Power};

/// One line per cause that the fields do not show already.
pub fn because(context: &Context<'_>, change: &Change) -> Vec<String> {
    let sentence =
        |cause: &Cause| clause(context, cause, &mut vec![&change.address]).map(|clause| format!("because {clause}"));
    change.causes.iter().filter_map(sentence).collect()
}

/// A cause as a clause; `None` if the plan shows it already. `seen` ends circular chains.
fn clause<'a>(context: &Context<'a>, cause: &'a Cause, seen: &mut Vec<&'a Address>) -> Option<String> {
    Some(match cause {
        Cause::New { .. } | Cause::Fields => return None,
        Cause::Destroy if context.plan.destroy => return None,
        Cause::Destroy => "everything is destroyed".to_owned(),
        Cause::Missing { id } => format!("`{id}` is no longer at RunPod"),
        Cause::Tainted => "it never became ready (tainted)".to_owned(),
        Cause::Broken { status, retry: _ } => format!("it is unusable: {status}"),
        Cause::Undeclared => "it is no longer declared".to_owned(),
        Cause::NeededBy { address } => format!("`{address}` needs it"),
        Cause::Superseded { by } => format!("`{by}` replaces it"),
        Cause::Dependency { address, action } => dependency(context, address, *action, seen),
        Cause::Parent { address } => format!("it is part of `{address}`"),
        Cause::Power { wanted, origin, position } => {
            let wanted = match wanted {
                Power::Running => "it should be running",
                Power::Stopped => "it should be stopped",
            };
            match (origin, position) {
                (Some(DifferenceOrigin::Drift), _) => format!("{wanted}, as it was last applied"),
                (_, Some(position)) => format!("{wanted} ({position})"),
                _ => wanted.to_owned(),
            }
        }
        Cause::Marker { id, same_lineage: true, .. } => {
            format!("`{id}` at RunPod has its marker, created from this state")
        }
        Cause::Marker { id, same_lineage: false, .. } => {
            format!("`{id}` at RunPod has its marker, created from a state that is not available")
        }
        Cause::Lookalike { id } => {
            let identity =
                seen.last().and_then(|address| kind::find(&address.kind)).map_or("identity", Kind::identity_words);
            format!("`{id}` at RunPod has its {identity}, and is unmanaged")
        }
        Cause::Mounted { id, by } => format!("`{by}` mounts `{id}`, which is unmanaged"),
        Cause::Flag { flag } => format!("`{flag}` requests it"),
    })
}

/// `` `network_volume.data` is replaced, because its `region` changes (sindri.yaml:7) ``.
fn dependency<'a>(context: &Context<'a>, address: &'a Address, action: Action, seen: &mut Vec<&'a Address>) -> String {
    let what = format!("`{address}` {}", words::happens(action));
    if seen.contains(&address) {
        return what;
    }
    let user = seen.last().and_then(|user| context.by_address.get(user));
    seen.push(address);
    let reason = context.by_address.get(address).and_then(|change| {
        own_reason(&relevant(change, user.copied()))
            .or_else(|| change.causes.iter().find_map(|cause| clause(context, cause, seen)))
    });
    match reason {
        Some(reason) => format!("{what}, because {reason}"),
        None => what,
    }
}

/// The fields of a change that can be the reason for a change of its user: those that the user gets from it, if it is
/// merged into its users.
fn relevant<'a>(change: &'a Change, user: Option<&Change>) -> Vec<&'a FieldChange> {
    let merged = kind::find(&change.address.kind).filter(|kind| kind.is_merged_into_users);
    let same = |field: &FieldChange| {
        user.is_none_or(|user| user.fields.iter().any(|own| own.path == field.path)) //
    };
    let is_given = |field: &&FieldChange| merged.is_none_or(|kind| kind.gives(&field.path) && same(field));
    change.fields.iter().filter(is_given).collect()
}

/// The fields that decide the action: those with the worst effect.
fn own_reason(fields: &[&FieldChange]) -> Option<String> {
    let worst: Effect = fields.iter().map(|field| field.effect).max()?;
    let fields = || fields.iter().filter(|field| field.effect == worst);
    let drifted = fields().all(|field| field.origin == Some(DifferenceOrigin::Drift));
    let names: Vec<String> = fields().map(|field| format!("`{}`", field.path)).collect();
    let places: BTreeSet<&Position> = fields().filter_map(|field| field.position.as_ref()).collect();
    let mut places: Vec<String> = places.into_iter().map(Position::to_string).collect();
    places.dedup();
    let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
    let (names, one) = (names.join(" and "), names.len() == 1);
    Some(match (drifted, one) {
        (true, _) => format!("its {names} {} changed at RunPod", if one { "was" } else { "were" }),
        (false, _) => format!("its {names} change{}{places}", if one { "s" } else { "" }),
    })
}
