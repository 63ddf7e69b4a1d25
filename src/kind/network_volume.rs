//! Network volumes: disks that outlive the pods that mount them.

use std::collections::BTreeMap;

use super::{Attribute, Compare, Description, Kind, Readiness, Support, in_place, replace};
use crate::model::{Attributes, Effect, Loss, Risk, Value};

/// A disk that outlives the pods that mount it.
///
/// Source: `UpdateNetworkVolumeRequest` of RunPod's OpenAPI v2: only `name` and `size` can be patched, and `size` only grows.
pub static NETWORK_VOLUME: Kind = Kind {
    name: "network_volume",
    title: "network volume",
    attributes: &[
        Attribute {
            name: "name",
            compare: Compare::Exact,
            effect: in_place,
            rule: "a network volume is renamed in place",
            v1: Support::Yes,
            v2: Support::Yes,
            late: None,
            candidates: false,
            shared: None,
            supplied_by: None,
            names: None,
        },
        Attribute {
            name: "size_gb",
            compare: Compare::Exact,
            effect: grow_only,
            rule: "a network volume grows in place and never shrinks",
            v1: Support::Yes,
            v2: Support::Yes,
            late: None,
            candidates: false,
            shared: None,
            supplied_by: None,
            names: None,
        },
        Attribute {
            name: "region",
            compare: Compare::Exact,
            effect: replace,
            rule: "RunPod cannot move a network volume to another data center",
            v1: Support::Yes,
            v2: Support::Yes,
            late: None,
            candidates: false,
            shared: None,
            supplied_by: None,
            names: None,
        },
        Attribute {
            name: "tier",
            compare: Compare::WhenSet,
            effect: replace,
            rule: "RunPod cannot change the tier of a network volume",
            v1: Support::No {
                reason: "REST v1 has no tiers of network volumes",
                help: "remove `tier`, or use `apiVersion: v2`",
            },
            v2: Support::Yes,
            late: None,
            candidates: false,
            shared: None,
            supplied_by: None,
            names: None,
        },
    ],
    member_of: None,
    has_power: false,
    readiness: Readiness::Existing,
    has_capacity: false,
    not_in_catalog: &[],
    marked: false,
    protected: true,
    creates_first: true,
    identity: &["name", "size_gb", "region"],
    losses,
    precious_risk: Risk::VolumeLoss,
    stop_risk: Risk::None,
    describe,
};

fn grow_only(before: &Value, after: &Value) -> Result<Effect, &'static str> {
    match (before.as_int(), after.as_int()) {
        (Some(before), Some(after)) if after < before => {
            Err("RunPod can enlarge a network volume but never shrink it: a smaller copy would lose the data")
        }
        _ => Ok(Effect::InPlace),
    }
}

fn losses(attributes: &Attributes) -> Vec<Loss> {
    let size_gb = attributes.get("size_gb").and_then(Value::as_int);
    vec![Loss { what: "network volume".into(), names: Vec::new(), size_gb, mount_path: None, precious: true }]
}

fn describe(attributes: &Attributes, _: &BTreeMap<String, String>) -> Description {
    let text = |name: &str| attributes.get(name).and_then(Value::as_text).map(str::to_owned);
    Description {
        what: attributes.get("size_gb").and_then(Value::as_int).map(|size| format!("{size} GB")).unwrap_or_default(),
        place: text("region"),
        details: text("tier").into_iter().collect(),
    }
}
