//! Ports: exposures of a pod, which exist only within their pod's request.

use super::{Attribute, Compare, Description, Kind, Membership, Readiness, Support, restart};
use crate::model::{Attributes, Risk, Value};

/// An exposure of a pod: `8888/http` at its proxy URL, or `22/tcp` at a public address that RunPod maps.
///
/// RunPod has no object of this kind; a port is created, changed and removed with the `ports` of its pod.
pub static PORT: Kind = Kind {
    name: "port",
    title: "port",
    attributes: &[
        Attribute {
            name: "port",
            compare: Compare::Exact,
            effect: restart,
            rule: "ports are part of the pod's request",
            v1: Support::Yes,
            v2: Support::Yes,
            late: None,
            candidates: false,
            shared: None,
            supplied_by: None,
            names: None,
        },
        Attribute {
            name: "protocol",
            compare: Compare::Exact,
            effect: restart,
            rule: "ports are part of the pod's request",
            v1: Support::Yes,
            v2: Support::Yes,
            late: None,
            candidates: false,
            shared: None,
            supplied_by: None,
            names: None,
        },
    ],
    member_of: Some(Membership { parent: "pod", attribute: "ports", inputs }),
    has_power: false,
    readiness: Readiness::Existing,
    has_capacity: false,
    not_in_catalog: &[],
    marked: false,
    protected: false,
    creates_first: false,
    identity: &[],
    losses: |_| Vec::new(),
    precious_risk: Risk::None,
    stop_risk: Risk::None,
    // The address says it all: `port.trainer:8888/http`.
    describe: |_, _| Description::default(),
};

/// `8888/http` is port 8888, spoken to in HTTP.
fn inputs(member: &str) -> Attributes {
    let (port, protocol) = member.split_once('/').unwrap_or((member, ""));
    let port = port.parse().map_or(Value::Null, Value::Int);
    Attributes::from([("port".to_owned(), port), ("protocol".to_owned(), protocol.into())])
}
