//! Network volumes in v2 (contract, section 4).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bodies::{CREATE_VOLUME, UPDATE_VOLUME};
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Replied, Reply};
use crate::emulator::dialect::schema::{Members, checked};
use crate::emulator::rules::refusal::Refusal;
use crate::emulator::state::volume::Volume;
use crate::emulator::state::world::World;

fn view(volume: &Volume) -> Value {
    json!({
        "id": volume.id,
        "name": volume.name,
        "size": volume.size,
        "dataCenter": volume.data_center,
        "type": volume.tier,
    })
}

pub(super) fn list(world: &World, call: &Call, now: Timestamp) -> Replied {
    let volumes: Vec<Value> = world.listed_volumes(&call.tweaks, now).into_iter().map(view).collect();
    Ok(Reply::json(200, json!({ "networkVolumes": volumes })))
}

pub(super) fn get(world: &World, id: &str, now: Timestamp) -> Replied {
    Ok(Reply::json(200, view(world.find_volume(id, now)?)))
}

pub(super) fn create(world: &mut World, call: &Call, now: Timestamp) -> Replied {
    checked(&CREATE_VOLUME, call.body.as_ref())?;
    let body = Members::of(call.body.as_ref());
    let (name, center) = (body.text("name").unwrap_or_default(), body.text("dataCenter").unwrap_or_default());
    let size = body.whole("size").unwrap_or(0);
    let id = world.create_volume(name, size, center, body.text("type"), &call.tweaks, now)?;
    let volume = world.volumes.get(&id).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(201, view(volume)))
}

pub(super) fn update(world: &mut World, call: &Call, id: &str, now: Timestamp) -> Replied {
    checked(&UPDATE_VOLUME, call.body.as_ref())?;
    let body = Members::of(call.body.as_ref());
    let current = world.find_volume(id, now)?;
    let dropped = |name: &str| call.tweaks.patch_drops_field.as_deref() == Some(name);
    let name = body.text("name").filter(|_| !dropped("name"));
    let size = body.whole("size").filter(|_| !dropped("size"));
    if size.is_some_and(|size| size < current.size) {
        return Err(Refusal::rule("network volume size cannot be reduced"));
    }
    world.change_volume(id, name, size, now);
    get(world, id, now)
}

pub(super) fn delete(world: &mut World, call: &Call, id: &str, now: Timestamp) -> Replied {
    world.delete_volume(id, &call.tweaks, now)?;
    Ok(Reply::no_content())
}
