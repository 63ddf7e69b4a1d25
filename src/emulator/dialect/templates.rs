//! Deleting a template, which is the same in both dialects.

use jiff::Timestamp;

use super::call::Call;
use super::response::{Response, RouteResult};
use crate::emulator::state::world::World;

pub fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.delete_template(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}
