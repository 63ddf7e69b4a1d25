//! Registry credentials, which both dialects show alike.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::response::{Replied, Reply};
use super::schema::Members;
use crate::emulator::rules::refusal::Refusal;
use crate::emulator::state::registry::Registry;
use crate::emulator::state::world::World;

/// Registry credentials, which both dialects show alike.
fn registry_view(registry: &Registry) -> Value {
    json!({ "id": registry.id, "name": registry.name })
}

/// All of them, as v1 answers; v2 puts the list into an object.
pub fn registries(world: &World) -> Value {
    world.registries.newest_first().map(registry_view).collect()
}

pub fn registry(world: &World, id: &str) -> Replied {
    Ok(Reply::json(200, registry_view(world.registries.get(id).ok_or(Refusal::NotFound)?)))
}

/// Creates a credential from a body that was checked, and answers with `status`.
pub fn create_registry(world: &mut World, body: Option<&Value>, status: u16, now: Timestamp) -> Replied {
    world.now = now;
    let name = Members::of(body).text("name").unwrap_or_default();
    Ok(Reply::json(status, registry_view(world.add_registry(name)?)))
}

pub fn delete_registry(world: &mut World, id: &str, now: Timestamp) -> Replied {
    world.remove_registry(id)?;
    world.now = now;
    Ok(Reply::no_content())
}
