//! Registry credentials in v2.

use jiff::Timestamp;

use super::bodies::CREATE_REGISTRY;
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::registries;
use crate::emulator::dialect::response::Replied;
use crate::emulator::dialect::schema::checked;
use crate::emulator::state::world::World;

pub(super) fn create_registry(world: &mut World, call: &Call, now: Timestamp) -> Replied {
    checked(&CREATE_REGISTRY, call.body.as_ref())?;
    registries::create_registry(world, call.body.as_ref(), 201, now)
}
