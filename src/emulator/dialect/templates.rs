//! What both dialects do alike with templates.

use jiff::Timestamp;

use super::call::Call;
use super::response::{Replied, Reply};
use crate::emulator::state::world::World;

pub fn delete(world: &mut World, call: &Call, now: Timestamp) -> Replied {
    world.remove_template(call.object_id())?;
    world.now = now;
    Ok(Reply::no_content())
}
