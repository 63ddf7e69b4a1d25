//! REST v2 as of August 2026 (behaviour page, `spec: 2026-08`), to test that a client works without later additions:
//! pages, `cmd` and `entrypoint`, minimum RAM and vCPUs, account secrets, builds of endpoints, the limit on the size of a body, and the
//! vCPUs and memory of GPUs.

use jiff::Timestamp;
use serde_json::Value;

use super::call::Call;
use super::response::{Response, for_each_object};
use super::v2::endpoints::BUILD_ROUTES;
use super::v2::{self, secrets};
use crate::emulator::state::world::World;

/// Later members of request bodies: path of the object in errors, its JSON pointer, name.
const LATER: [(&str, &str, &str); 4] = [
    ("$", "", "cmd"),
    ("$", "", "entrypoint"),
    ("$.gpu", "/gpu", "minRamPerGpu"),
    ("$.gpu", "/gpu", "minVcpuCountPerGpu"),
];

pub fn answer(world: &mut World, call: &Call, now: Timestamp) -> Response {
    if secrets::ROUTES.iter().chain(BUILD_ROUTES).any(|route| route.operation == call.operation) {
        return Response::problem(404, "resource not found", None);
    }
    let unknown = unknown_members(call.body.as_ref());
    if !unknown.is_empty() {
        return Response::problem(422, "Request validation failed.", Some(unknown));
    }
    let mut call = call.clone();
    // Unknown query parameters are ignored (Q21).
    call.query.retain(|name, _| !["limit", "cursor"].contains(&name.as_str()));
    let mut reply = v2::answer::answer(world, &call, now);
    reply.edit(remove_later_members);
    reply
}

fn unknown_members(body: Option<&Value>) -> Vec<String> {
    let given = |pointer: &str, member: &str| body.and_then(|body| body.pointer(pointer)?.get(member)).is_some();
    let later = LATER.iter().filter(|(_, pointer, member)| given(pointer, member));
    later.map(|(path, _, member)| format!("{path}: additional properties '{member}' not allowed")).collect()
}

fn remove_later_members(body: &mut Value) {
    if let Some(envelope) = body.as_object_mut() {
        envelope.remove("pagination");
    }
    for_each_object(body, &|object| {
        object.remove("cmd");
        object.remove("entrypoint");
        if let Some(gpu) = object.get_mut("gpu").and_then(Value::as_object_mut) {
            gpu.remove("vcpuCount");
            gpu.remove("memory");
        }
    });
}
