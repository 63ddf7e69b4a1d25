//! Registry credentials. The dialects differ only in the path, the envelope and the status of a create.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Call;
use super::response::{Response, RouteResult};
use super::schema::{ObjectShape, PresentMembers, checked};
use crate::emulator::state::registry::Registry;
use crate::emulator::state::world::World;

fn view(registry: &Registry) -> Value {
    json!({ "id": registry.id, "name": registry.name })
}

/// All credentials. v1 returns the list itself; v2 wraps it in an object.
pub fn all(world: &World, call: &Call, now: Timestamp) -> Value {
    world.registries.listed(u64::MAX, &call.tweaks, now).map(view).collect()
}

pub fn get(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, view(world.registries.find(call.object_id(), now)?)))
}

/// Creates a credential and answers with `status`.
pub fn create(world: &mut World, call: &Call, shape: &ObjectShape, status: u16, now: Timestamp) -> RouteResult {
    checked(shape, call.body.as_ref())?;
    let name = PresentMembers::of(call.body.as_ref()).text("name").unwrap_or_default();
    Ok(Response::json(status, view(world.create_registry(name, &call.tweaks, now)?)))
}

pub fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.delete_registry(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}
