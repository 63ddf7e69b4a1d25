//! Network volumes in v1 (contract, section 4).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bodies::{CREATE_VOLUME, UPDATE_VOLUME};
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Replied, Reply};
use crate::emulator::dialect::schema::{Members, checked};
use crate::emulator::rules::refusal::Refusal;
use crate::emulator::state::volume::Volume;
use crate::emulator::state::world::World;

pub(super) fn view(volume: &Volume) -> Value {
    json!({ "id": volume.id, "name": volume.name, "size": volume.size, "dataCenterId": volume.data_center })
}

pub(super) fn list(world: &World, call: &Call, now: Timestamp) -> Replied {
    Ok(Reply::json(200, world.listed_volumes(&call.tweaks, now).into_iter().map(view).collect()))
}

pub(super) fn get(world: &World, id: &str, now: Timestamp) -> Replied {
    Ok(Reply::json(200, view(world.find_volume(id, now)?)))
}

/// Answers 200, not 201.
pub(super) fn create(world: &mut World, call: &Call, now: Timestamp) -> Replied {
    checked(&CREATE_VOLUME, call.body.as_ref())?;
    let body = Members::of(call.body.as_ref());
    let (name, center) = (body.text("name").unwrap_or_default(), body.text("dataCenterId").unwrap_or_default());
    let id = world.create_volume(name, body.whole("size").unwrap_or(0), center, None, &call.tweaks, now)?;
    get(world, &id, Timestamp::MAX)
}

/// The live service accepts a shrink (Q16); its document does not.
pub(super) fn update(world: &mut World, call: &Call, id: &str, now: Timestamp) -> Replied {
    checked(&UPDATE_VOLUME, call.body.as_ref())?;
    let body = Members::of(call.body.as_ref());
    let current = world.find_volume(id, now)?;
    let dropped = |name: &str| call.tweaks.patch_drops_field.as_deref() == Some(name);
    let size = body.whole("size").filter(|_| !dropped("size"));
    if size.is_some_and(|size| size < current.size) && !world.settings.observed() {
        return Err(Refusal::rule("network volume size cannot be reduced"));
    }
    world.change_volume(id, body.text("name").filter(|_| !dropped("name")), size, now);
    get(world, id, now)
}

pub(super) fn delete(world: &mut World, call: &Call, id: &str, now: Timestamp) -> Replied {
    match world.delete_volume(id, &call.tweaks, now) {
        Ok(()) => Ok(Reply::no_content()),
        // GET of the same id is 404.
        Err(Refusal::NotFound) => Err(Refusal::rule("Tried to delete nonexistent network volume")),
        Err(refusal) => Err(refusal),
    }
}
