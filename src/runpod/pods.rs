//! The parts of pods that have the same format in both dialects: environment, ports, addresses, status and price, and
//! advice about refusals.

use std::net::Ipv4Addr;

use serde_json::{Map, Value as Body};

use super::decode::{ReadAttributes, whole};
use super::encode::to_json;
use super::error::{ErrorClass, Purpose, names_all};
use super::json::Json;
use super::wire::{MemberNames, Update};
use crate::model::marker::MARKER_VARIABLE;
use crate::model::shared::shared;
use crate::model::text::is_harmful;
use crate::model::{Attributes, Endpoint, Marker, Money, Object, Secret, Status, Value};

/// An update of a pod; `encode` writes its body in the dialect.
pub(super) const fn update(encode: fn(&Object, &Attributes) -> Body) -> Update {
    Update {
        encode,
        attributes: &[
            "name",
            "image",
            "container_disk_gb",
            "volume_gb",
            "volume_mount_path",
            "ports",
            "env",
            "entrypoint",
            "command",
            "registry_auth",
            "locked",
            "global_networking",
        ],
        replaced_whole: &["env"],
    }
}

/// The environment of a new pod: the declared variables and the marker.
pub(super) fn environment(inputs: &Attributes, marker: Option<&Marker>) -> Body {
    let mut env = Map::new();
    lay_over(&mut env, inputs.get("env"));
    if let Some(marker) = marker {
        env.insert(MARKER_VARIABLE.to_owned(), marker.to_string().into());
    }
    Body::Object(env)
}

/// The complete environment for an update of a pod. RunPod replaces all of it, so the existing variables (including the
/// marker and those added by RunPod or people) are sent again with the changes applied.
pub(super) fn changed_environment(current: &Object, changes: &Value) -> Body {
    let mut env = Map::new();
    lay_over(&mut env, current.attributes.get("env"));
    lay_over(&mut env, Some(changes));
    if let Some(marker) = &current.marker {
        env.insert(MARKER_VARIABLE.to_owned(), marker.to_string().into());
    }
    Body::Object(env)
}

fn lay_over(env: &mut Map<String, Body>, values: Option<&Value>) {
    for (key, value) in values.and_then(Value::as_map).into_iter().flatten() {
        match to_json(value) {
            Body::Null => env.remove(key.as_str()),
            Body::String(text) => env.insert(key.to_string(), text.into()),
            // RunPod's environments contain only strings.
            other => env.insert(key.to_string(), other.to_string().into()),
        };
    }
}

/// The environment shown by a pod, and the marker in it.
pub(super) fn read_environment(json: &Json<'_>) -> (Option<Value>, Option<Marker>) {
    let Some(env) = json.get("env") else { return (None, None) };
    let Some(members) = env.members() else { return (None, None) };
    // A text that is not one of our markers is kept like any other variable.
    let marker: Option<Marker> = env.get(MARKER_VARIABLE).and_then(Json::as_str).and_then(|text| text.parse().ok());
    let variables = members.iter().filter(|(name, _)| marker.is_none() || name != MARKER_VARIABLE);
    let secret = |value: &Json<'_>| match value.as_str() {
        Some(text) => Secret::new(text),
        None => Secret::new(value.to_string()),
    };
    (Some(Value::Map(variables.map(|(name, value)| (shared(name), Value::Secret(secret(value)))).collect())), marker)
}

/// Reads the number of GPUs, and `totals` as amounts per GPU.
pub(super) fn read_gpus(found: &mut ReadAttributes, count: Option<i64>, json: &Json<'_>, totals: &MemberNames) {
    // Zero means that the pod lost its GPU. It is not a setting to compare, and the status reports it.
    let Some(count) = count.filter(|count| *count > 0) else { return };
    found.put("gpu_count", Some(count));
    for (attribute, member) in totals {
        found.put(attribute, whole(json, member).map(|total| total / count));
    }
}

/// Declared ports in one spelling, `22/tcp`. v1's document also allows one comma-separated string.
pub(super) fn ports(json: &Json<'_>) -> Option<Vec<String>> {
    let items: Vec<&str> = match json.get("ports")? {
        Json::List(items) => items.iter().filter_map(Json::as_str).collect(),
        Json::Text(text) => text.split(',').collect(),
        Json::Null => Vec::new(),
        _ => return None,
    };
    Some(items.into_iter().map(|port| port.trim().to_ascii_lowercase()).filter(|port| !port.is_empty()).collect())
}

/// The address of each declared port. `tcp` returns the public address of a container's port.
///
/// Source of the proxy's form: RunPod's documentation, "Expose ports".
pub(super) fn endpoints(id: &str, ports: &[String], tcp: impl Fn(u16) -> Option<(String, u16)>) -> Vec<Endpoint> {
    let endpoint = |port: &String| {
        let (number, protocol) = port.split_once('/').unwrap_or((port, ""));
        let address = match protocol {
            "http" => Some(format!("https://{id}-{number}.proxy.runpod.net")),
            "tcp" => number.parse().ok().and_then(&tcp).map(|(host, port)| format!("{host}:{port}")),
            _ => None,
        };
        Endpoint { port: port.clone(), address }
    };
    ports.iter().map(endpoint).collect()
}

/// Whether every TCP port has an address.
pub(super) fn all_mapped(endpoints: &[Endpoint]) -> bool {
    endpoints.iter().all(|endpoint| endpoint.address.is_some() || !endpoint.port.ends_with("/tcp"))
}

/// Whether an address can be reached from outside. RunPod also lists internal host addresses in 100.64.0.0/10 (Q13).
pub(super) fn is_public(address: &str) -> bool {
    let inside = |ip: Ipv4Addr| ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
    !address.is_empty() && !address.parse().is_ok_and(inside)
}

/// The meaning of a status word in either dialect. `running` decides about `RUNNING`, since the pod may still be
/// starting.
///
/// `CREATED` and `STOPPED` appear in the user's document but in neither dialect (contract, section 11).
pub(super) fn status(word: Option<&str>, running: impl FnOnce() -> Status) -> Status {
    match word {
        Some("RUNNING") => running(),
        Some("PROVISIONING" | "STARTING" | "CREATED") => Status::Creating,
        Some("EXITED" | "STOPPED") => Status::Stopped,
        Some("ERROR") => Status::Error,
        Some("TERMINATED") => Status::Terminated,
        Some(word) => Status::Unknown(word.chars().filter(|c| !is_harmful(*c)).take(40).collect()),
        None => Status::Unknown("no status".to_owned()),
    }
}

/// The hourly price of a pod; unknown for a stopped pod. The API documents zero for it and returns the price of the
/// running pod (Q12), and neither is the price of its disk.
pub(super) fn cost(dollars: Option<f64>, status: &Status) -> Option<Money> {
    let is_off = matches!(status, Status::Stopped | Status::Terminated);
    dollars.filter(|_| !is_off).map(Money::from_dollars)
}

/// Advice about a refused request.
pub(super) fn advice(purpose: Purpose, class: ErrorClass, message: &str) -> Option<&'static str> {
    match (class, purpose) {
        (ErrorClass::Invalid, Purpose::Create) => {
            let named = NAMED_CAUSES.iter().find(|(words, _)| names_all(message, words));
            Some(named.map_or(REFUSED_CREATE, |(_, advice)| advice))
        }
        (ErrorClass::NoCapacity, Purpose::Power) => Some(
            "a pod starts only on the machine that has its volume, and that machine is full. Start it again later, \
             or create a new one elsewhere with `sindri apply --replace ADDRESS`, which loses its pod volume",
        ),
        _ => None,
    }
}

const REFUSED_CREATE: &str = "check that the GPU type is spelt as `sindri catalog` lists it, that the image exists \
     and can be pulled, and that `containerDiskGb` is large enough for it";

/// Causes that RunPod's text names when it refuses a create, with the advice for each.
const NAMED_CAUSES: [(&[&str], &str); 4] = [
    (
        &["registry", "not found"],
        "`registryAuth` refers to a registry credential that this account does not have; check its id, and that the \
         API key belongs to the same account",
    ),
    (
        &["registry"],
        "the message is about the registry credential; check `registryAuth`, and that the credential may pull this \
         image",
    ),
    (&["template", "serverless"], "`templateId` refers to a template for serverless workers; choose one for pods"),
    (
        &["template", "not found"],
        "`templateId` refers to a template that this API key cannot read; check its id, and that the key belongs to \
         the right account",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_a_host_are_not_public() {
        for (address, public) in [
            ("203.0.113.7", true),
            ("100.63.255.255", true),
            ("100.64.0.0", false),
            ("100.127.255.255", false),
            ("100.128.0.1", true),
            ("2001:db8::1", true),
            ("", false),
        ] {
            assert_eq!(is_public(address), public, "{address}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_marker_stays_a_variable() {
        let json = Json::read(br#"{ "env": { "SINDRI_RESOURCE": "4f1c/pod.main/7" } }"#).unwrap();
        let (env, marker) = read_environment(&json);
        assert_eq!(marker, None);
        assert!(env.unwrap().as_map().unwrap().contains_key(MARKER_VARIABLE));
    }
}
