//! Invariants after every apply, checked on the world and the state.

use std::collections::BTreeSet;

use sindri::kind::{self, Compare};
use sindri::model::{Action, Address, Attributes, Object, Observed, Plan, RefusalCode, Resource, Risk, State, Value};
use sindri::planner::PlanOptions;
use sindri::resource::difference::{Readings, difference};
use sindri::resource::members;

use crate::planner::order;
use crate::support::{Applied, Desired, Session};

/// Applies, and asserts all invariants of an apply. Returns the plan; a plan with refusals was not applied.
pub async fn apply(session: &Session, desired: &Desired) -> Plan {
    let prior = session.state();
    let before = session.observe().await;
    let applied = session.apply_unless_refused(desired, &[], PlanOptions::default()).await;
    order::respects_every_edge(&applied.plan, desired, &prior);
    if applied.plan.all_refusals().next().is_some() {
        assert_eq!(applied.requests, [""; 0]);
        refuses_for_a_reason(&applied.plan, &prior, &before);
        return applied.plan;
    }
    let after = session.observe().await;
    nothing_is_lost_in_silence(&applied, &before, &after);
    nothing_changes_in_silence(&applied, &session.state(), &before, &after);
    settled(session, desired).await;
    applied.plan
}

/// Asserts that nothing is left to do, that a second apply does nothing, and that the existing objects are the declared
/// ones.
pub async fn settled(session: &Session, desired: &Desired) {
    let plan = session.plan(desired).await;
    assert!(plan.is_empty() && plan.operations.is_empty(), "{:#?}", untidy(&plan));
    assert_eq!(plan.drift, [], "nothing happened from outside");
    assert_eq!(plan.orphans, []);
    assert_eq!(plan.all_refusals().count(), 0);

    let file = session.state_file();
    let again = session.apply(desired).await;
    assert_eq!(again.requests, [""; 0], "a second apply sends nothing that changes anything");
    assert!(again.events.is_empty(), "{:#?}", again.events);
    assert_eq!(session.state_file(), file, "a second apply leaves the state file alone");

    let (state, observed) = (session.state(), session.observe().await);
    each_exists_once(desired, &state, &observed);
    for resource in desired.values().filter(|resource| !members::is_member(&resource.address)) {
        let record = &state.resources[&resource.address];
        let object = observed.get(&record.kind, &record.id).expect("it exists");
        is_as_declared(resource, desired, &state, object);
    }
}

fn untidy(plan: &Plan) -> Vec<&sindri::model::Change> {
    plan.changes.iter().filter(|change| change.action != Action::NoOp).collect()
}

/// Asserts that state and world contain the same objects: the declared ones, and volumes that are no longer declared.
/// (Ports of a pod that ignores changes to them are unchanged.)
fn each_exists_once(desired: &Desired, state: &State, observed: &Observed) {
    let (recorded, declared): (BTreeSet<_>, BTreeSet<_>) = (state.resources.keys().collect(), desired.keys().collect());
    let is_ignored = |port: &Address| {
        let ignores =
            |pod: Address| desired.get(&pod).is_some_and(|pod| pod.lifecycle.ignore_changes.contains("ports"));
        members::parent_of(port).is_some_and(ignores)
    };
    let missing: Vec<_> = declared.difference(&recorded).filter(|address| !is_ignored(address)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let surplus = recorded.difference(&declared).filter(|it| it.kind != "network_volume" && !is_ignored(it));
    let surplus: Vec<_> = surplus.collect();
    assert!(surplus.is_empty(), "{surplus:?}");

    let listed = state.resources.iter().filter(|(address, _)| !members::is_member(address));
    let ids: Vec<&str> = listed.map(|(_, record)| record.id.as_str()).collect();
    let existing: BTreeSet<&str> =
        observed.iter().filter(|object| !object.is_leaving()).map(|it| it.id.as_str()).collect();
    assert_eq!(ids.len(), existing.len(), "{ids:?}\n{existing:?}");
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), existing);
}

/// Compares what the API shows of an object with the configuration.
fn is_as_declared(resource: &Resource, desired: &Desired, state: &State, object: &Object) {
    let ignored = |path: &str| resource.lifecycle.ignore_changes.contains(path);
    let shown: &Attributes = &object.attributes;
    for name in ["name", "size_gb", "image", "container_disk_gb", "volume_gb", "cloud", "gpu_count", "vcpu_count"] {
        let wanted = resource.inputs.get(name).filter(|wanted| !wanted.is_null() && !ignored(name));
        if let Some(wanted) = wanted {
            assert_eq!(shown.get(name), Some(wanted), "`{name}` of `{}`", resource.address);
        }
    }
    if object.kind == "network_volume" {
        assert_eq!(shown.get("region"), resource.inputs.get("region"));
        return;
    }
    if object.kind != "pod" {
        let kind = kind::find(object.kind).expect("a kind");
        let differing = difference(&Readings::of_record(kind, &resource.inputs, shown)).all();
        assert_eq!(differing, [], "`{}`", resource.address);
        return;
    }
    let volume = match &resource.inputs["network_volume"] {
        Value::Reference(address) => Value::text(&state.resources[address].id),
        other => other.clone(),
    };
    assert_eq!(shown["network_volume"], volume, "`{}`", resource.address);
    for name in ["command", "entrypoint"].into_iter().filter(|name| !ignored(name)) {
        let (shown, wanted) = (shown[name].exposed_items(), resource.inputs[name].exposed_items());
        assert_eq!(shown, wanted, "`{name}` of `{}`", resource.address);
    }
    let ports = desired.keys().filter(|port| members::parent_of(port).as_ref() == Some(&resource.address));
    let ports: BTreeSet<&str> = ports.filter_map(|port| port.member.as_deref()).collect();
    if !ignored("ports") {
        assert_eq!(shown["ports"].text_items().into_iter().collect::<BTreeSet<_>>(), ports, "`{}`", resource.address);
    }
    let env = resource.inputs["env"].as_map().expect("a map");
    for (key, value) in env.iter().filter(|(key, _)| !ignored("env") && !ignored(&format!("env.{key}"))) {
        let shown = shown["env"].as_map().expect("a map").get(key).and_then(Value::expose);
        assert_eq!(shown, value.expose(), "`env.{key}` of `{}`", resource.address);
    }
    let locked = shown["locked"].as_bool();
    assert!(ignored("locked") || locked == resource.inputs["locked"].as_bool(), "`{}` {locked:?}", resource.address);
    if resource.positions.contains_key("power") {
        assert_eq!(object.status.as_ref().and_then(|it| it.power()), resource.power, "`{}`", resource.address);
    }
    let marker = object.marker.as_ref().expect("every pod of ours is marked");
    assert_eq!(marker.lineage, state.lineage);
}

/// Asserts that only locks, `preventDestroy` and shrinking volumes refuse a plan.
fn refuses_for_a_reason(plan: &Plan, prior: &State, observed: &Observed) {
    for (address, refusal) in plan.all_refusals() {
        let address = address.expect("there is no budget");
        let (record, change) = (&prior.resources[address], change_of(plan, address).expect("a change"));
        let object = observed.get(&record.kind, change.id.as_deref().unwrap_or_default()).expect("it is there");
        let size = |attributes: &Attributes| attributes.get("size_gb").and_then(Value::as_int);
        let meant = match refusal.code {
            RefusalCode::Locked => object.attributes["locked"] == Value::Bool(true),
            RefusalCode::PreventDestroy => change.action.destroys(),
            RefusalCode::ImpossibleChange => size(&change.after) < size(&object.attributes),
            _ => false,
        };
        assert!(meant, "{refusal:#?}");
    }
}

/// Asserts that every object that no longer exists was announced as destroyed, with the loss of its data.
fn nothing_is_lost_in_silence(applied: &Applied, before: &Observed, after: &Observed) {
    for object in before.iter().filter(|object| after.get(object.kind, &object.id).is_none()) {
        let change = applied.plan.changes.iter().find(|change| change.id.as_deref() == Some(&object.id));
        let change = change.unwrap_or_else(|| panic!("nothing says that `{}` goes", object.id));
        assert!(change.action.destroys(), "{change:#?}");
        assert_ne!(object.attributes.get("locked"), Some(&Value::Bool(true)), "{change:#?}");
        let own_gb = object.attributes.get("volume_gb").and_then(Value::as_int).unwrap_or_default();
        let least = match object.kind {
            "network_volume" => Risk::VolumeLoss,
            "template" => Risk::None,
            _ if own_gb > 0 => Risk::DiskLoss,
            _ => Risk::EphemeralLoss,
        };
        assert_eq!(change.risk, least, "{change:#?}");
        assert_eq!(change.losses.iter().any(|loss| loss.precious), least >= Risk::DiskLoss);
    }
}

/// Asserts that every changed value is in the plan: as a field, as a side effect, or by name among the losses.
fn nothing_changes_in_silence(applied: &Applied, state: &State, before: &Observed, after: &Observed) {
    for change in &applied.plan.changes {
        let old = change.id.as_ref().and_then(|id| before.get(&change.address.kind, id));
        let record = state.resources.get(&change.address);
        let new = record.and_then(|record| after.get(&record.kind, &record.id));
        let (Some(old), Some(new), Some(kind)) = (old, new, kind::find(&change.address.kind)) else { continue };
        let said = |path: &str| change.all_fields().any(|field| field.path == path);
        let lost = |key: &str| change.losses.iter().any(|loss| loss.names.iter().any(|name| name == key));
        for attribute in kind.attributes {
            let name = attribute.name;
            match attribute.compare {
                // RunPod chooses the machine and its place among those that fit the configuration.
                Compare::OneOf | Compare::AtLeast if !attribute.candidates => {}
                Compare::Recorded => {}
                Compare::ManagedKeys => {
                    let env = |object: &Object| object.attributes[name].as_map().cloned().unwrap_or_default();
                    let (old, new) = (env(old), env(new));
                    for key in old.keys().chain(new.keys()).filter(|key| old.get(key) != new.get(key)) {
                        assert!(said(&format!("{name}.{key}")) || lost(key), "`{name}.{key}` changes: {change:#?}");
                    }
                }
                Compare::Set => {
                    let set = |object: &Object| {
                        object.attributes[name].text_items().iter().map(ToString::to_string).collect::<BTreeSet<_>>()
                    };
                    assert!(set(old) == set(new) || said(name), "`{name}` changes: {change:#?}");
                }
                _ => {
                    // An attribute that the API leaves out proves nothing, such as a mount path without a volume.
                    let values = old.attributes.get(name).zip(new.attributes.get(name));
                    let values = values.filter(|(old, new)| !old.is_null() && !new.is_null());
                    assert!(values.is_none_or(|(old, new)| old == new) || said(name), "`{name}`: {change:#?}");
                }
            }
        }
    }
}

/// The change of one address.
pub fn change_of<'p>(plan: &'p Plan, address: &Address) -> Option<&'p sindri::model::Change> {
    plan.changes.iter().find(|change| &change.address == address)
}
