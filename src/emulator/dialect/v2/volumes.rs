//! Network volumes in v2 (contract, section 4).

use jiff::Timestamp;
use serde::Serialize;

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{NAME, ObjectShape, PresentMembers, Type, checked};
use crate::emulator::dialect::volumes;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::volume::Volume;
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Patch, Post};

const VOLUME_SIZE: Type = Type::Whole { min: 10, max: 4096 };

pub const VOLUME_TIERS: &[&str] = &["STANDARD", "HIGH_PERFORMANCE"];

const CREATE_VOLUME: ObjectShape = ObjectShape {
    members: &[&[("name", NAME), ("size", VOLUME_SIZE), ("dataCenter", NAME), ("type", Type::Word(VOLUME_TIERS))]],
    required: &["name", "size", "dataCenter"],
    min_members: 0,
};

const UPDATE_VOLUME: ObjectShape =
    ObjectShape { members: &[&[("name", NAME), ("size", VOLUME_SIZE)]], required: &[], min_members: 1 };

pub const ROUTES: &[Route] = &[
    Route::read(Get, "network-volumes", "listNetworkVolumes", list),
    Route::write(Post, "network-volumes", "createNetworkVolume", create),
    Route::read(Get, "network-volumes/{id}", "getNetworkVolume", |world, call, now| show(world, call.object_id(), now)),
    Route::write(Patch, "network-volumes/{id}", "updateNetworkVolume", update),
    Route::write(Delete, "network-volumes/{id}", "deleteNetworkVolume", delete),
];

/// A network volume in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct V2VolumeView<'world> {
    data_center: &'world str,
    id: &'world str,
    name: &'world str,
    size: u64,
    #[serde(rename = "type")]
    tier: &'world str,
}

impl<'world> V2VolumeView<'world> {
    fn of(volume: &'world Volume) -> Self {
        let Volume { id, name, size, data_center, tier, .. } = volume;
        Self { data_center, id, name, size: *size, tier }
    }
}

/// The body of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VolumeList<'world> {
    network_volumes: Vec<V2VolumeView<'world>>,
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let network_volumes = world.listed_volumes(&call.tweaks, now).map(V2VolumeView::of).collect();
    Ok(Response::json(200, VolumeList { network_volumes }))
}

fn show(world: &World, id: &str, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, V2VolumeView::of(world.find_volume(id, now)?)))
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_VOLUME, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let (name, center) = (body.text("name").unwrap_or_default(), body.text("dataCenter").unwrap_or_default());
    let size = body.whole("size").unwrap_or(0);
    let id = world.create_volume(name, size, center, body.text("type"), &call.tweaks, now)?;
    let volume = world.volumes.get(&id).ok_or(RequestRefusal::NotFound)?;
    Ok(Response::json(201, V2VolumeView::of(volume)))
}

fn update(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    volumes::update(world, call, &UPDATE_VOLUME, false, now)?;
    show(world, call.object_id(), now)
}

fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.delete_volume(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}
