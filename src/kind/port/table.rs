//! The table of ports.

use crate::kind::attribute::{BOTH, Compare, attribute, restart};
use crate::kind::{Description, Kind, Membership, Recognition};
use crate::model::Dialect::{V1, V2};
use crate::model::{Attributes, Value};

/// An exposure of a pod: `8888/http` at its proxy URL, or `22/tcp` at a public address that RunPod maps.
///
/// RunPod has no object of this kind. Changing the `ports` of the pod creates, changes and removes ports.
pub static PORT: Kind = Kind {
    name: "port",
    title: "port",
    dialects: &[V1, V2],
    attributes: &[
        attribute("port", Compare::Exact, restart, "ports are part of the pod's request", BOTH),
        attribute("protocol", Compare::Exact, restart, "ports are part of the pod's request", BOTH),
    ],
    member_of: Some(Membership { parent: "pod", attribute: "ports", inputs }),
    name_attribute: None,
    recognition: Recognition::Parent,
    // The address is descriptive enough: `port.trainer:8888/http`.
    describe: |_, _| Description::default(),
    ..Kind::PLAIN
};

/// `8888/http` is port 8888 over HTTP.
fn inputs(member: &str) -> Attributes {
    let (port, protocol) = member.split_once('/').unwrap_or((member, ""));
    let port = port.parse().map_or(Value::Null, Value::Int);
    Attributes::from([("port".to_owned(), port), ("protocol".to_owned(), protocol.into())])
}
