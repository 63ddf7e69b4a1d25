//! Outside changes to objects created by sindri, and the drift that each must cause.

use serde_json::{Map, json};
use sindri::emulator::{PodEvent, VolumeEvent};
use sindri::model::marker::MARKER_VARIABLE;
use sindri::model::{Address, Dialect, Drift, DriftClass, Object, Power, Value};

use crate::support::Session;
use crate::support::generate::OutsideChange;

/// Makes the change to `object` if it is possible for such an object. Returns the drift that must follow, if any.
pub fn change_outside(session: &Session, meddling: OutsideChange, object: &Object) -> Option<Expected> {
    let state = session.state();
    let address = state.address_of(object.kind, &object.id)?.clone();
    let expect = |class, path| Some(Expected { address: address.clone(), class, path });
    let changed = |path| expect(DriftClass::Changed, Some(path));
    if object.kind == "network_volume" {
        let size_gb = object.attributes["size_gb"].as_int().and_then(|size| u64::try_from(size).ok()).expect("a size");
        let (event, expected) = match meddling {
            OutsideChange::Delete => (VolumeEvent::Delete, expect(DriftClass::Gone, None)),
            OutsideChange::Grow => (VolumeEvent::Resize { size: size_gb + 10 }, changed("size_gb")),
            OutsideChange::Rename => (VolumeEvent::Rename { name: "renamed".into() }, changed("name")),
            _ => return None,
        };
        let done = session.account.modify(|world, now| world.volume_event(&object.id, &event, now));
        return done.ok().and(expected);
    }
    let stopped = object.status.as_ref().and_then(|status| status.power()) == Some(Power::Stopped);
    let edit = |changes| PodEvent::Edit { changes };
    let (event, expected) = match meddling {
        OutsideChange::Delete => (PodEvent::Delete, expect(DriftClass::Gone, None)),
        OutsideChange::Migrate => (PodEvent::Migrate, expect(DriftClass::Migrated, Some("id"))),
        OutsideChange::Power if stopped => (PodEvent::Start, expect(DriftClass::Started, None)),
        OutsideChange::Power => (PodEvent::Preempt, expect(DriftClass::Stopped, None)),
        // v1 has no word for it, and still says RUNNING.
        OutsideChange::Fail if session.dialect == Dialect::V1 => return None,
        OutsideChange::Fail => (PodEvent::Fail, expect(DriftClass::Errored, None)),
        OutsideChange::LoseGpu if !stopped => (PodEvent::ZeroGpu, expect(DriftClass::ZeroGpu, None)),
        OutsideChange::Image => (edit(json!({ "image": "image:outside" })), changed("image")),
        OutsideChange::Rename => (edit(json!({ "name": "renamed" })), changed("name")),
        OutsideChange::Variable => {
            let declared = state.resources[&address].inputs["env"].as_map().is_some_and(|env| {
                // Only the name of a secret is recorded. Another value is a difference from the file, but not drift.
                env.get("A").is_some_and(|value| matches!(value, Value::Text(_)))
            });
            (edit(json!({ "env": outside_env(object) })), changed("env.A").filter(|_| declared))
        }
        OutsideChange::LoseGpu | OutsideChange::Grow => return None,
    };
    session.account.modify(|world, now| world.pod_event(&object.id, &event, now)).ok().and(expected)
}

/// All variables of the pod, including the marker, with another value of `A`.
fn outside_env(object: &Object) -> Map<String, serde_json::Value> {
    let shown = object.attributes["env"].as_map().expect("a map");
    let mut env: Map<_, _> =
        shown.iter().map(|(key, value)| (key.to_string(), value.expose().unwrap_or_default().into())).collect();
    env.insert("A".into(), "outside".into());
    // The file does not declare it, so a replacement loses it and must say so.
    env.insert("EXTRA".into(), "by hand".into());
    env.extend(object.marker.as_ref().map(|marker| (MARKER_VARIABLE.to_owned(), marker.to_string().into())));
    env
}

/// Drift that a plan must report.
#[derive(Debug)]
pub struct Expected {
    address: Address,
    class: DriftClass,
    path: Option<&'static str>,
}

impl Expected {
    pub fn is_named(&self, drift: &[Drift]) -> bool {
        drift.iter().any(|drift| {
            let names = |path| drift.fields.iter().any(|field| field.path == path);
            drift.address == self.address && drift.class == self.class && self.path.is_none_or(names)
        })
    }
}
