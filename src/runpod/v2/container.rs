//! Members of a container, which v2 reads and writes alike for pods, templates and endpoints. Source: `ContainerConfig` of
//! OpenAPI v2.

use serde_json::Value as Body;

use super::argv::Argv;
use crate::model::credential::command_line;
use crate::model::{Attributes, Object, Value};
use crate::runpod::decode::{ReadAttributes, words};
use crate::runpod::encode::{RequestBody, is_set, texts, to_json};
use crate::runpod::json::Json;

/// Entrypoint and command of a new object.
pub(super) fn create_command(body: &mut RequestBody, inputs: &Attributes) {
    let argv = Argv { entrypoint: texts(inputs.get("entrypoint")), command: texts(inputs.get("command")) };
    if !argv.is_empty() {
        body.set("args", argv.to_args());
    }
}

/// Entrypoint and command of an existing object, if one of them changes. Empty `args` clear both.
pub(super) fn update_command(body: &mut RequestBody, current: &Object, changes: &Attributes) {
    let names = ["entrypoint", "command"];
    if names.iter().any(|name| changes.contains_key(name)) {
        let words = |name: &str| texts(changes.get(name).or_else(|| current.attributes.get(name)));
        body.set("args", Argv { entrypoint: words(names[0]), command: words(names[1]) }.to_args());
    }
}

/// Reads entrypoint and command: from the two arrays of newer servers, otherwise from `args`.
pub(super) fn read_command(found: &mut ReadAttributes, json: &Json<'_>) {
    let lists = Argv { entrypoint: words(json.get("entrypoint")), command: words(json.get("cmd")) };
    let args = || json.get("args").map(|args| Argv::parse(args.as_str().unwrap_or_default()));
    let argv = if lists.is_empty() { args() } else { Some(lists) };
    found.put("entrypoint", argv.as_ref().map(|argv| command_line(argv.entrypoint.clone())));
    found.put("command", argv.map(|argv| command_line(argv.command)));
}

/// A registry credential in an update: its id, or `null` to use none.
pub(super) fn clear_registry(registry: &Value) -> Body {
    if is_set(Some(registry)) { to_json(registry) } else { Body::Null }
}
