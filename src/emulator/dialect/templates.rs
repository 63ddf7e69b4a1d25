//! What both dialects do alike with templates.

use jiff::Timestamp;

use super::response::{Replied, Reply};
use crate::emulator::state::world::World;

pub fn delete_template(world: &mut World, id: &str, now: Timestamp) -> Replied {
    world.remove_template(id)?;
    world.now = now;
    Ok(Reply::no_content())
}
