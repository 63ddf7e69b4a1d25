//! The objects in the world of an emulator, read inside it and not through the API.

use serde_json::Value as Json;
use sindri::emulator::Emulator;

/// Each kind that RunPod knows by id, with its member of a world and its collection of REST v2.
pub const KINDS: [(&str, &str, &str); 7] = [
    ("network_volume", "volumes", "/v2/network-volumes"),
    ("secret", "secrets", "/v2/account/secrets"),
    ("registry", "registries", "/v2/registries"),
    ("ecr_delegation", "delegations", "/v2/registries/delegations"),
    ("template", "templates", "/v2/templates"),
    ("pod", "pods", "/v2/pods"),
    ("endpoint", "endpoints", "/v2/serverless"),
];

fn row(kind: &str) -> &'static (&'static str, &'static str, &'static str) {
    KINDS.iter().find(|(name, ..)| *name == kind).expect("a kind of the emulator")
}

/// The path of a kind's collection.
pub fn collection(kind: &str) -> &'static str {
    row(kind).2
}

/// The id in a path of an object, such as `/v2/pods/<id>/action`; `None` for a collection.
pub fn id_in(path: &str) -> Option<&str> {
    let below =
        ["/account/secrets", "/registries/delegations"].iter().find_map(|nested| Some(path.split_once(nested)?.1));
    match below {
        Some(rest) => rest.split('/').nth(1),
        None => path.split('/').nth(3),
    }
}

/// The objects of a kind in a world as JSON.
pub fn objects<'w>(world: &'w Json, kind: &str) -> Vec<&'w Json> {
    let member = &world[row(kind).1];
    // Collections with deleted objects have them beside the others.
    let found = member.get("objects").unwrap_or(member);
    match found {
        Json::Array(items) => items.iter().collect(),
        Json::Object(items) => items.values().collect(),
        _ => panic!("neither a list nor a map: {found}"),
    }
}

/// The ids of a kind.
pub fn ids(world: &Json, kind: &str) -> Vec<String> {
    objects(world, kind).iter().map(|object| object["id"].as_str().expect("an id").to_owned()).collect()
}

/// The ids of a kind in an emulator.
pub fn ids_in(emulator: &Emulator, kind: &str) -> Vec<String> {
    ids(&emulator.inspect(|world| serde_json::to_value(world)).expect("a world is JSON"), kind)
}
