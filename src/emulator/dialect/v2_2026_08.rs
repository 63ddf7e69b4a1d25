//! REST v2 as it was in August 2026: no pages, no `cmd` and `entrypoint` beside `args`, no floors of a host's RAM
//! and vCPUs, no account secrets, no limit of a body's size, and less told of GPUs (behaviour page, `spec: 2026-08`). A client must do without all of them.

use jiff::Timestamp;
use serde_json::Value;

use super::call::Call;
use super::response::{Content, Response, for_each_object};
use super::v2::{self, secrets};
use crate::emulator::state::world::World;

/// Members of bodies that came later: the object's path in errors, its pointer, the member.
const LATER: [(&str, &str, &str); 4] = [
    ("$", "", "cmd"),
    ("$", "", "entrypoint"),
    ("$.gpu", "/gpu", "minRamPerGpu"),
    ("$.gpu", "/gpu", "minVcpuCountPerGpu"),
];

/// Answers a call of v2 as August would have.
pub fn answer(world: &mut World, call: &Call, now: Timestamp) -> Response {
    if secrets::ROUTES.iter().any(|route| route.operation == call.operation) {
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
    if let Content::Json(body) = &mut reply.content
        && reply.status < 400
    {
        remove_later_members(body);
    }
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
