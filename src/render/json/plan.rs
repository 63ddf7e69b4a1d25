//! A plan in Terraform's JSON format, with sindri's additions under `sindri`.
//!
//! Source of the format: "JSON Output Format" of Terraform's documentation, plan representation, format version 1.2.

use serde_json::{Value as Json, json};

use super::drift::resource_drift;
use super::parts::{AfterValues, ByAddress, identity, side};
use super::planned::{TERRAFORM_VERSION, configuration, planned_values};
use super::{cost as hourly, dollars, split_secrets};
use crate::model::{
    Action, Address, Cause, Change, Cost, Effect, FieldChange, Money, Orphan, Plan, Refusal, Risk, SideEffect, Verb,
};
use crate::render::fold;

/// The whole plan. `plan_id` is the value for `apply --expect`.
pub fn plan_json(plan: &Plan, plan_id: Option<&str>) -> Json {
    // Every field is named, so that a new one does not compile until its place in the output is decided. Operations are
    // left out: they say how apply sends the changes and contain request data, which readers do not need.
    let Plan {
        name,
        environment,
        lineage,
        new_state,
        api,
        dialect,
        destroy,
        refresh_only,
        unrefreshed,
        partial,
        moves,
        renames,
        records: _,    // corrections to the state; they change nothing that exists
        late_needs: _, // likewise
        changes,
        waits,
        drift,
        orphans,
        doubles: _, // among `notes`, and marked ones among `orphans`
        operations,
        cost,
        notes,
        refusals: _, // among `all_refusals`
        prior_digest,
    } = plan;
    let refused = plan.all_refusals().next().is_some();
    let by_address = plan.by_address();
    let amounts = cost.hourly_before.amount().zip(cost.hourly_after.amount());
    let cost_change = amounts.map(|(before, after)| after - before);
    json!({
        "format_version": "1.2",
        "terraform_version": TERRAFORM_VERSION,
        // Terraform's term for a plan after which nothing is left to do.
        "complete": !plan.leaves_out(),
        "errored": false,
        "applyable": !plan.is_empty() && !refused,
        "planned_values": planned_values(&by_address, changes),
        "configuration": configuration(changes),
        "resource_changes": changes.iter().map(|change| resource_change(&by_address, change)).collect::<Vec<_>>(),
        "resource_drift": drift.iter().map(|drift| resource_drift(plan, drift)).collect::<Vec<_>>(),
        "sindri": {
            "format_version": super::FORMAT_VERSION,
            "plan_id": plan_id,
            "name": name,
            "environment": environment,
            "lineage": lineage,
            "new_state": new_state,
            "api": api,
            "dialect": dialect,
            "destroy": destroy,
            "refresh_only": refresh_only,
            "refreshed": !unrefreshed,
            "partial": partial.as_ref().map(|partial| json!({
                "targets": partial.targets,
                "left_out": partial.left_out.iter().map(|(address, action)| json!({
                    "address": address, "action": action.word(),
                })).collect::<Vec<_>>(),
                "refused": partial.refused.iter().map(|(address, refusal)| refusal_json(Some(address), refusal))
                    .collect::<Vec<_>>(),
                "not_ready": partial.not_ready,
            })),
            "moves": moves.iter().map(|(from, to)| json!({"from": from, "to": to})).collect::<Vec<_>>(),
            "renames": renames,
            "prior_digest": prior_digest,
            "requests": operations.iter().filter(|operation| operation.verb != Verb::Wait).count(),
            "summary": summary(plan),
            "cost": {
                "currency": "USD",
                "hourly_before": hourly(cost.hourly_before),
                "hourly_after": hourly(cost.hourly_after),
                "hourly_change": cost_change.map(dollars),
                "monthly_change": cost_change.map(Money::per_month).map(dollars),
                "hourly_peak_before": peak(cost.peak_before, cost.hourly_before),
                "hourly_peak_after": peak(cost.peak_after, cost.hourly_after),
                "known_hourly_before": dollars(cost.hourly_before.known),
                "known_hourly_after": dollars(cost.hourly_after.known),
                "unpriced": changes.iter().filter(|change| !change.hourly_after.is_known())
                    .map(|change| &change.address).collect::<Vec<_>>(),
            },
            "data_at_risk_gb": cost.data_at_risk_gb,
            "data_loss": data_loss(plan),
            "risk": changes.iter().map(|change| change.risk).max().unwrap_or(Risk::None),
            "refusals": plan.all_refusals().map(|(address, refusal)| refusal_json(address, refusal)).collect::<Vec<_>>(),
            "orphans": orphans.iter().map(orphan_json).collect::<Vec<_>>(),
            "not_ready": waits,
            "notes": notes,
        },
    })
}

/// Counts rows as readers see them, with ports folded into their pods.
fn summary(plan: &Plan) -> Json {
    let tallies = fold::tally(&fold::rows(plan));
    let count = |actions: &[Action]| {
        actions.iter().filter_map(|action| tallies.get(action)).map(|tally| tally.rows).sum::<usize>()
    };
    json!({
        "create": count(&[Action::Create]),
        "update": count(&[Action::Update]),
        "start": count(&[Action::Start]),
        "stop": count(&[Action::Stop]),
        "replace": count(&[Action::Replace, Action::ReplaceCreateFirst]),
        "delete": count(&[Action::Delete]),
        "import": count(&[Action::Import]),
        "forget": count(&[Action::Forget]),
        "no-op": count(&[Action::NoOp]),
    })
}

fn data_loss(plan: &Plan) -> Vec<Json> {
    let losses = plan.changes.iter().flat_map(|change| change.losses.iter().map(move |loss| (change, loss)));
    losses
        .map(|(change, loss)| {
            json!({
                "address": change.address, "id": change.id, "what": loss.what, "names": loss.names,
                "size_gb": loss.size_gb,
                "mount_path": loss.mount_path, "precious": loss.precious,
            })
        })
        .collect()
}

fn orphan_json(orphan: &Orphan) -> Json {
    json!({
        "kind": orphan.kind, "id": orphan.id, "name": orphan.name, "marker": orphan.marker.to_string(),
        "address": orphan.marker.address, "status": orphan.status, "hourly": orphan.hourly.map(Money::dollars),
        "created_at": orphan.created_at,
    })
}

fn refusal_json(address: Option<&Address>, refusal: &Refusal) -> Json {
    let Refusal { code, message, help, position } = refusal;
    json!({"address": address, "code": code, "message": message, "help": help, "position": position})
}

fn resource_change(by_address: &ByAddress<'_>, change: &Change) -> Json {
    let (before, before_sensitive) = side(&change.before);
    let AfterValues { values: after, sensitive: after_sensitive, unknown: after_unknown } =
        AfterValues::of(by_address, change);
    let mut inner = json!({
        "actions": terraform_actions(change.action),
        "before": before,
        "after": after,
        "after_unknown": after_unknown,
        "before_sensitive": before_sensitive,
        "after_sensitive": after_sensitive,
    });
    if change.action.is_replacement() {
        inner["replace_paths"] = json!(replace_paths(&change.fields));
    }
    if change.action == Action::Import {
        inner["importing"] = json!({"id": change.id});
    }
    let mut entry = identity(&change.address);
    entry.insert("change".into(), inner);
    if let Some(reason) = action_reason(change) {
        entry.insert("action_reason".into(), json!(reason));
    }
    entry.insert("sindri".into(), own(change));
    Json::Object(entry)
}

/// The parts of a change that Terraform's format does not have.
fn own(change: &Change) -> Json {
    let fields: Vec<Json> = change.fields.iter().map(field_json).collect();
    json!({
        "action": change.action.word(),
        "create_before_destroy": change.action == Action::ReplaceCreateFirst,
        "id": change.id,
        "member": change.address.member,
        "risk": change.risk,
        "reasons": change.causes,
        "fields": fields,
        "side_effects": change.side_effects.iter().map(side_effect_json).collect::<Vec<_>>(),
        "hourly_before": hourly(change.hourly_before),
        "hourly_after": hourly(change.hourly_after),
        "hourly_peak_after": peak(change.peak_after, change.hourly_after),
        "in_place_alternative": change.in_place_alternative,
        "position": change.position,
    })
}

/// The highest cost, which is at least the estimate.
fn peak(peak: Cost, floor: Cost) -> Json {
    hourly(peak.above(floor).unwrap_or(floor))
}

fn side_effect_json(effect: &SideEffect) -> Json {
    match effect {
        SideEffect::Field { field } => json!({ "side_effect": "field", "field": field_json(field) }),
        SideEffect::Boots { hourly: amount } => json!({ "side_effect": "boots", "hourly": hourly(*amount) }),
        SideEffect::KeepsOldValue { users } => json!({ "side_effect": "keeps_old_value", "users": users }),
        SideEffect::KeepsOldObject { id, users, others } => {
            json!({ "side_effect": "keeps_old_object", "id": id, "users": users, "others": others })
        }
        SideEffect::DestroyedFirst { needs } => json!({ "side_effect": "destroyed_first", "needs": needs }),
    }
}

fn field_json(field: &FieldChange) -> Json {
    let FieldChange { path, before, after, after_unknown, effect, rule, origin, position } = field;
    let (before, before_sensitive) = split_secrets(before);
    let (after, after_sensitive) = split_secrets(after);
    json!({
        "path": path_of(path), "before": before, "after": if *after_unknown { Json::Null } else { after },
        "after_unknown": after_unknown, "before_sensitive": before_sensitive, "after_sensitive": after_sensitive,
        "effect": effect, "rule": rule, "origin": origin, "position": position,
    })
}

/// Terraform has no action for starting or stopping, so they are updates. An import is no action at all.
fn terraform_actions(action: Action) -> &'static [&'static str] {
    match action {
        Action::NoOp | Action::Import => &["no-op"],
        Action::Create => &["create"],
        Action::Update | Action::Start | Action::Stop => &["update"],
        Action::Replace => &["delete", "create"],
        Action::ReplaceCreateFirst => &["create", "delete"],
        Action::Delete => &["delete"],
        Action::Forget => &["forget"],
    }
}

/// Terraform's terms for the causes that it knows.
fn action_reason(change: &Change) -> Option<&'static str> {
    change.causes.iter().find_map(|cause| match (cause, change.action) {
        (Cause::Tainted, Action::Replace | Action::ReplaceCreateFirst) => Some("replace_because_tainted"),
        (Cause::Fields, Action::Replace | Action::ReplaceCreateFirst) => Some("replace_because_cannot_update"),
        (Cause::Flag { .. }, Action::Replace | Action::ReplaceCreateFirst) => Some("replace_by_request"),
        (Cause::Undeclared, Action::Delete) => Some("delete_because_no_resource_config"),
        _ => None,
    })
}

/// The fields that force the replacement. If only a policy does (`updates: recreate`), every field to which it applies.
fn replace_paths(fields: &[FieldChange]) -> Vec<Vec<String>> {
    let worst = fields.iter().map(|field| field.effect).max().unwrap_or(Effect::InPlace);
    let forcing = fields.iter().filter(|field| field.effect == worst && worst > Effect::InPlace);
    forcing.map(|field| path_of(&field.path)).collect()
}

/// `env.LOG.LEVEL` is the key `LOG.LEVEL` of `env`: keys may contain dots, attribute names never do.
fn path_of(path: &str) -> Vec<String> {
    path.splitn(2, '.').map(str::to_owned).collect()
}
