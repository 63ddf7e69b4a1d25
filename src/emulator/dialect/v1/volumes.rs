//! Network volumes in v1 (contract, section 4).

use jiff::Timestamp;
use serde::Serialize;

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, PresentMembers, TEXT, Type, checked};
use crate::emulator::dialect::volumes;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::volume::Volume;
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Patch, Post};

const VOLUME_SIZE: Type = Type::Whole { min: 0, max: 4000 };

const CREATE_VOLUME: ObjectShape = ObjectShape {
    members: &[&[("name", TEXT), ("size", VOLUME_SIZE), ("dataCenterId", TEXT)]],
    required: &["name", "size", "dataCenterId"],
    min_members: 0,
};

const UPDATE_VOLUME: ObjectShape =
    ObjectShape { members: &[&[("name", TEXT), ("size", VOLUME_SIZE)]], required: &[], min_members: 0 };

pub const ROUTES: &[Route] = &[
    Route::read(Get, "networkvolumes", "listNetworkVolumes", list),
    Route::write(Post, "networkvolumes", "createNetworkVolume", create),
    Route::read(Get, "networkvolumes/{id}", "getNetworkVolume", |world, call, now| show(world, call.object_id(), now)),
    Route::write(Patch, "networkvolumes/{id}", "updateNetworkVolume", update),
    Route::write(Delete, "networkvolumes/{id}", "deleteNetworkVolume", delete),
    Route::write(Post, "networkvolumes/{id}/update", "updateNetworkVolume", update),
];

/// A network volume in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct V1VolumeView<'world> {
    data_center_id: &'world str,
    id: &'world str,
    name: &'world str,
    size: u64,
}

impl<'world> V1VolumeView<'world> {
    pub fn of(volume: &'world Volume) -> Self {
        let Volume { id, name, size, data_center, .. } = volume;
        Self { data_center_id: data_center, id, name, size: *size }
    }
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let volumes: Vec<V1VolumeView> = world.listed_volumes(&call.tweaks, now).map(V1VolumeView::of).collect();
    Ok(Response::json(200, volumes))
}

fn show(world: &World, id: &str, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, V1VolumeView::of(world.find_volume(id, now)?)))
}

/// v1 answers 200, not 201.
fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_VOLUME, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let (name, center) = (body.text("name").unwrap_or_default(), body.text("dataCenterId").unwrap_or_default());
    let id = world.create_volume(name, body.whole("size").unwrap_or(0), center, None, &call.tweaks, now)?;
    show(world, &id, Timestamp::MAX)
}

/// The live service accepts a smaller size (Q16); the document does not.
fn update(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    let may_shrink = world.settings.observed();
    volumes::update(world, call, &UPDATE_VOLUME, may_shrink, now)?;
    show(world, call.object_id(), now)
}

fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    match world.delete_volume(call.object_id(), &call.tweaks, now) {
        Ok(()) => Ok(Response::no_content()),
        // Unlike a GET, which is 404.
        Err(RequestRefusal::NotFound) => Err(RequestRefusal::rule("Tried to delete nonexistent network volume")),
        Err(refusal) => Err(refusal),
    }
}
