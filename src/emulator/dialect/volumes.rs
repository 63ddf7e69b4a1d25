//! Changes of network volumes. The dialects differ only in the schema, and in whether a volume may shrink.

use jiff::Timestamp;

use super::call::Call;
use super::schema::{ObjectShape, PresentMembers, checked};
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::world::World;

/// Renames or resizes the volume that the call names.
pub fn update(
    world: &mut World,
    call: &Call,
    shape: &ObjectShape,
    may_shrink: bool,
    now: Timestamp,
) -> Result<(), RequestRefusal> {
    checked(shape, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let id = call.object_id();
    let current = world.find_volume(id, now)?;
    let dropped = |name: &str| call.tweaks.patch_drops_field.as_deref() == Some(name);
    let size = body.whole("size").filter(|_| !dropped("size"));
    if size.is_some_and(|size| size < current.size) && !may_shrink {
        return Err(RequestRefusal::rule("network volume size cannot be reduced"));
    }
    world.change_volume(id, body.text("name").filter(|_| !dropped("name")), size, now);
    Ok(())
}
