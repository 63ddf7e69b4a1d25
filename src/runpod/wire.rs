//! JSON shared by both dialects: reading it leniently, writing values, environment, ports, times and addresses.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::kind::{AccountObject, Kind};
use crate::model::marker::MARKER_VARIABLE;
use crate::model::text::is_harmful;
use crate::model::{Attributes, Endpoint, Marker, Money, Object, Power, Secret, Status, Value};

/// The wire format of one dialect.
pub(super) struct Codec {
    pub wires: &'static [Wire],
    /// Largest JSON body, in bytes.
    pub body_limit: Option<usize>,
    /// Where to read objects that are not in the lists: path of the collection, and query.
    pub outside: fn(AccountObject) -> (&'static str, &'static str),
    /// The member that marks a template for serverless workers.
    pub serverless: &'static str,
    /// The path below an object's own that starts or stops it, and the body.
    pub power: fn(Power) -> (&'static str, Option<Json>),
}

/// The wire format of one kind in one dialect.
pub(super) struct Wire {
    pub kind: &'static Kind,
    /// For example `/v2/pods`.
    pub collection: &'static str,
    /// Query of a list, without `?`; empty if there is none.
    pub list_query: &'static str,
    /// Query of reading one object.
    pub read_query: &'static str,
    /// The member of a list's answer that holds the objects; `None` for a bare array.
    pub rows: Option<&'static str>,
    pub create: fn(&Attributes, Option<&Marker>) -> Json,
    pub update: fn(&Object, &Attributes) -> Json,
    /// Attributes that an update can carry.
    pub in_update: &'static [&'static str],
    /// Attributes that an update replaces as a whole, so the existing value must be known.
    pub replaced_whole: &'static [&'static str],
    /// Decodes an object from the JSON. Only `id` is required.
    pub decode: fn(&Json) -> Option<Object>,
    /// How to ask whether a create could be served now, if the dialect has a catalog.
    pub stock: Option<StockQuery>,
}

/// A catalog query for stock.
pub(super) struct StockQuery {
    /// Path and query for a create with these inputs; `None` if they name nothing in the catalog.
    pub path: fn(&Attributes) -> Option<String>,
    /// Whether the answer shows any stock; `None` if it does not say.
    pub any: fn(&Json, &Attributes) -> Option<bool>,
}

/// A request body under construction. Attributes that are not set are omitted.
#[derive(Default)]
pub(super) struct RequestBody(Map<String, Json>);

impl RequestBody {
    /// Sets `member`, unless the value is `Null`, empty text or an empty list.
    pub fn given(&mut self, member: &str, value: Option<&Value>) {
        match value.map(to_json) {
            None | Some(Json::Null) => {}
            Some(Json::String(text)) if text.is_empty() => {}
            Some(Json::Array(items)) if items.is_empty() => {}
            Some(json) => self.set(member, json),
        }
    }

    pub fn set(&mut self, member: &str, json: impl Into<Json>) {
        self.0.insert(member.to_owned(), json.into());
    }

    pub fn into_json(self) -> Json {
        Json::Object(self.0)
    }
}

/// The plain JSON of a value. Secrets are exposed here, in a request body, and nowhere else.
pub(super) fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.clone().into(),
        Value::Secret(secret) => secret.expose().map_or(Json::Null, Into::into),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|(key, value)| (key.clone(), to_json(value))).collect(),
        // References are already resolved; `Client` refuses unresolved ones.
        Value::Null | Value::Reference(_) => Json::Null,
    }
}

/// Whether an attribute is set, meaning not `Null`, `false`, zero or empty.
pub(super) fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false) | Value::Int(0)) => false,
        Some(Value::Text(text)) => !text.is_empty(),
        Some(Value::List(items)) => !items.is_empty(),
        Some(Value::Map(map)) => !map.is_empty(),
        Some(_) => true,
    }
}

/// The first text of a list of candidates.
pub(super) fn first(value: Option<&Value>) -> Option<&str> {
    value?.text_items().into_iter().next()
}

/// The texts of a list attribute for a request, including secret ones.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    value.map(Value::exposed_items).unwrap_or_default().into_iter().map(str::to_owned).collect()
}

/// The environment of a new pod: the declared variables and the marker.
pub(super) fn environment(inputs: &Attributes, marker: Option<&Marker>) -> Json {
    let mut env = Map::new();
    lay_over(&mut env, inputs.get("env"));
    if let Some(marker) = marker {
        env.insert(MARKER_VARIABLE.to_owned(), marker.to_string().into());
    }
    Json::Object(env)
}

/// The complete environment for an update of a pod. RunPod replaces all of it, so the existing variables (including the
/// marker and those added by RunPod or people) are sent again with the changes applied.
pub(super) fn changed_environment(current: &Object, changes: &Value) -> Json {
    let mut env = Map::new();
    lay_over(&mut env, current.attributes.get("env"));
    lay_over(&mut env, Some(changes));
    if let Some(marker) = &current.marker {
        env.insert(MARKER_VARIABLE.to_owned(), marker.to_string().into());
    }
    Json::Object(env)
}

fn lay_over(env: &mut Map<String, Json>, values: Option<&Value>) {
    for (key, value) in values.and_then(Value::as_map).into_iter().flatten() {
        match to_json(value) {
            Json::Null => env.remove(key),
            Json::String(text) => env.insert(key.clone(), text.into()),
            // RunPod's environments contain only texts.
            other => env.insert(key.clone(), other.to_string().into()),
        };
    }
}

/// The environment shown by a pod, and the marker in it.
pub(super) fn read_environment(json: &Json) -> (Option<Value>, Option<Marker>) {
    let Some(members) = json.get("env").and_then(Json::as_object) else { return (None, None) };
    let mut marker = None;
    let mut env = BTreeMap::new();
    for (key, value) in members {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if key == MARKER_VARIABLE && marker.is_none() {
            marker = text.parse().ok();
            if marker.is_some() {
                continue;
            }
            // A text that is not one of our markers is kept like any other variable.
        }
        env.insert(key.clone(), Value::Secret(Secret::new(text)));
    }
    (Some(Value::Map(env)), marker)
}

/// The attributes read from an object, and the candidates chosen for it.
#[derive(Default)]
pub(super) struct ReadAttributes {
    pub attributes: Attributes,
    pub chosen: BTreeMap<String, String>,
}

impl ReadAttributes {
    pub fn put(&mut self, attribute: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.attributes.insert(attribute.to_owned(), value.into());
        }
    }

    /// Records RunPod's choice among candidates: a list with that one, and a word for display.
    pub fn put_chosen(&mut self, attribute: &str, word: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(attribute, Some(Value::texts([value])));
            self.chosen.insert(word.to_owned(), value.to_owned());
        }
    }
}

/// In bytes. RunPod has no longer names, ids, images or addresses, and tables would become this wide.
const LONGEST_TEXT: usize = 4_096;

/// A text that is present and not empty.
pub(super) fn text<'a>(json: &'a Json, member: &str) -> Option<&'a str> {
    json.get(member)?.as_str().filter(|text| !text.is_empty() && text.len() <= LONGEST_TEXT)
}

/// The id of an object. JSON without an id is not an object.
pub(super) fn id(json: &Json) -> Option<&str> {
    text(json, "id").filter(|id| is_id(id))
}

/// Whether a text can be an id. Ids become part of paths, addresses and commands that people copy.
pub(super) fn is_id(id: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=128).contains(&id.len()) && id.chars().all(fits)
}

/// A host or a user name, if it is safe in an address or in a command that people copy.
pub(super) fn word<'a>(json: &'a Json, member: &str) -> Option<&'a str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    text(json, member).filter(|word| !word.starts_with('-') && word.chars().all(fits))
}

/// A number, or a text with a number.
pub(super) fn number(json: &Json, member: &str) -> Option<f64> {
    let value = json.get(member)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

/// A whole number. Fractions are cut off (gigabytes and vCPUs are floating point).
pub(super) fn whole(json: &Json, member: &str) -> Option<i64> {
    number(json, member).map(|number| number as i64)
}

pub(super) fn flag(json: &Json, member: &str) -> Option<bool> {
    json.get(member)?.as_bool()
}

/// An id, or `Null` for the API's null and "".
pub(super) fn id_or_null(json: &Json, member: &str) -> Option<Value> {
    json.get(member).map(|_| text(json, member).map_or(Value::Null, Value::text))
}

/// Declared ports in one spelling, `22/tcp`. v1's document also allows one text with commas.
pub(super) fn ports(json: &Json) -> Option<Vec<String>> {
    let items: Vec<&str> = match json.get("ports")? {
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
        Json::String(text) => text.split(',').collect(),
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

/// A time as RFC 3339, read from that format or from Go's (Q8). Other texts are ignored.
pub(super) fn time(json: &Json, member: &str) -> Option<String> {
    let text = text(json, member)?;
    let go = || Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", text.trim_end_matches(" UTC")).ok();
    text.parse().ok().or_else(go).map(|time: Timestamp| time.to_string())
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_of_both_spellings_become_rfc_3339() {
        for (given, read) in [
            ("2026-08-20 06:16:19.436 +0000 UTC", Some("2026-08-20T06:16:19.436Z")),
            ("2026-08-20 06:16:19 +0000 UTC", Some("2026-08-20T06:16:19Z")),
            ("2026-08-20T06:16:19.42Z", Some("2026-08-20T06:16:19.42Z")),
            ("2026-08-20T08:16:19+02:00", Some("2026-08-20T06:16:19Z")),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(time(&json!({ "at": given }), "at").as_deref(), read, "{given}");
        }
    }

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
    fn numbers_written_as_text_are_numbers() {
        let json = json!({ "a": "0.74", "b": 16.9, "c": null, "d": "x", "e": "NaN" });
        assert_eq!(number(&json, "a"), Some(0.74));
        assert_eq!(whole(&json, "b"), Some(16));
        assert_eq!([number(&json, "c"), number(&json, "d"), number(&json, "e")], [None; 3]);
    }

    #[test]
    fn a_text_that_is_not_a_marker_stays_a_variable() {
        let (env, marker) = read_environment(&json!({ "env": { "SINDRI_RESOURCE": "4f1c/pod.main/7" } }));
        assert_eq!(marker, None);
        assert!(env.unwrap().as_map().unwrap().contains_key(MARKER_VARIABLE));
    }
}
