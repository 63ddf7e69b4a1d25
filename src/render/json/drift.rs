//! A drift report for tools, and the drift of a plan in Terraform's format.
//!
//! `drift.schema.json` beside this file describes the report ([`drift_schema`]).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::parts::{identity, put};
use super::{FORMAT_VERSION, cost, split_secrets};
use crate::model::drift::finding_id;
use crate::model::{Cost, Drift, DriftClass, DriftReport, FieldChange, Finding, Plan, Price, Severity, Value};
use crate::render::drift::words;

/// The whole report of `sindri drift --json`.
pub fn drift_json(report: &DriftReport) -> Json {
    // Every field is named, so that a new one does not compile until its place in the output is decided.
    let DriftReport {
        name,
        environment,
        lineage,
        api,
        prior_digest,
        checked,
        findings,
        notes,
        unsettled,
        with_unmanaged,
    } = report;
    let counts: BTreeMap<&str, usize> =
        report.counts().into_iter().map(|(class, count)| (class.word(), count)).collect();
    let unmanaged = findings.iter().filter(|finding| finding.class == DriftClass::Unmanaged);
    let hourly: Cost = unmanaged.filter_map(|finding| finding.price).map(|price| price.hourly).sum();
    json!({
        "format_version": FORMAT_VERSION,
        "name": name,
        "environment": environment,
        "lineage": lineage,
        "api": api,
        "prior_digest": prior_digest,
        "drifted": report.drifted(),
        "checked": checked,
        "summary": counts,
        "findings": findings.iter().map(|finding| finding_json(report, finding)).collect::<Vec<_>>(),
        "notes": notes,
        "not_told": unsettled.iter().map(|(address, why)| json!({
            "address": address, "reason": why, "message": words::unsettled(*why),
        })).collect::<Vec<_>>(),
        // `null` if unmanaged objects were not requested, which differs from having none.
        "unmanaged_hourly": with_unmanaged.then(|| cost(hourly)),
    })
}

fn finding_json(report: &DriftReport, finding: &Finding) -> Json {
    let Finding {
        id,
        class,
        severity,
        address,
        kind,
        object_id,
        name,
        status,
        fields,
        losses,
        ignored,
        holds,
        retry,
        undo,
        at_risk,
        price,
        preempted,
        never_ready,
        marker,
        recorded_is_live,
        same_lineage,
    } = finding;
    let remedies = words::remedies(report, finding, &words::target(&[finding]))
        .into_iter()
        .map(|words::Remedy { command, effect }| json!({"command": command, "effect": effect.to_string()}));
    let is_drift = !matches!(class, DriftClass::Orphan | DriftClass::Unmanaged);
    json!({
        "id": id,
        "class": class,
        "severity": severity,
        "address": address,
        "kind": kind,
        "object_id": object_id,
        "new_object_id": finding.new_id(),
        "name": name,
        "status": status,
        "message": words::sentence(finding).to_string(),
        "consequence": words::consequence(finding).map(|words| words.to_string()),
        "remedies": remedies.collect::<Vec<_>>(),
        "paths": fields.iter().map(|field| &field.path).collect::<Vec<_>>(),
        "change": if is_drift { change(*class, object_id, fields) } else { Json::Null },
        "losses": losses,
        "ignored": ignored,
        "holds": holds,
        "retry": retry,
        "undo": undo,
        "at_risk": at_risk,
        "hourly": price.map(|price: Price| cost(price.hourly)),
        "hourly_estimated": price.is_some_and(|price| price.estimated),
        "preempted": preempted,
        "never_ready": never_ready,
        "marker": marker.as_ref().map(|marker| json!({
            "lineage": marker.lineage, "name": marker.name, "environment": marker.environment,
            "address": marker.address, "operation": marker.operation,
        })),
        "twin": recorded_is_live,
        "same_lineage": same_lineage,
        "drift": *severity > Severity::Information,
    })
}

/// One entry of a plan's `resource_drift`; `finding` is the class name used by `sindri drift`.
pub(super) fn resource_drift(plan: &Plan, drift: &Drift) -> Json {
    let Drift { address, id, class, fields, answer } = drift;
    let paths = fields.iter().map(|field| field.path.as_str());
    let finding = finding_id((&plan.api, &plan.environment), *class, (&address.kind, id, Some(address)), paths);
    let mut entry = identity(address);
    entry.insert("change".into(), change(*class, id, fields));
    entry.insert(
        "sindri".into(),
        json!({
            "class": class, "id": id, "member": address.member, "finding": finding, "answer": answer.word(),
        }),
    );
    Json::Object(entry)
}

/// Applied and observed values of the attributes that differ.
fn change(class: DriftClass, id: &str, fields: &[FieldChange]) -> Json {
    let (mut before, mut after) = (Map::new(), Map::new());
    let (mut before_sensitive, mut after_sensitive) = (Map::new(), Map::new());
    for map in [&mut before, &mut after] {
        map.insert("id".into(), json!(id));
    }
    // If a pod was stopped or started outside sindri, only its power differs.
    if let Some(powers) = class.powers() {
        before.insert("power".into(), json!(powers[0]));
        after.insert("power".into(), json!(powers[1]));
    }
    for field in fields {
        place(&mut before, &mut before_sensitive, &field.path, &field.before);
        place(&mut after, &mut after_sensitive, &field.path, &field.after);
    }
    let gone = class == DriftClass::Gone;
    json!({
        "actions": if gone { ["delete"] } else { ["update"] },
        "before": before,
        "after": if gone { Json::Null } else { Json::Object(after) },
        "after_unknown": {},
        "before_sensitive": before_sensitive,
        "after_sensitive": if gone { Json::Bool(false) } else { Json::Object(after_sensitive) },
    })
}

/// Sets a value at `attribute` or `attribute.key`.
fn place(values: &mut Map<String, Json>, markers: &mut Map<String, Json>, path: &str, value: &Value) {
    let (value, marker) = split_secrets(value);
    put(values, path, value);
    if marker != Json::Bool(false) {
        put(markers, path, marker);
    }
}

/// The JSON schema of [`drift_json`].
///
/// # Panics
/// Never: the schema is part of the binary, and a test parses it.
pub fn drift_schema() -> Json {
    serde_json::from_str(include_str!("drift.schema.json")).expect("checked by a test")
}
