//! What the emulated RunPod does with shelves on REST v2.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sindri::emulator::schema::{NAME, ObjectShape, PresentMembers, checked};
use sindri::emulator::{Call, KindRoutes, RequestRefusal, Response, Route, RouteResult, World};
use sindri::transport::Method::{Delete, Get, Post};

const CREATE: ObjectShape =
    ObjectShape { members: &[&[("name", NAME), ("podId", NAME)]], required: &["name", "podId"], min_members: 0 };

pub static SHELF: KindRoutes = KindRoutes {
    noun: "shelf",
    routes: &[
        Route::read(Get, "shelves", "listShelves", list),
        Route::write(Post, "shelves", "createShelf", create),
        Route::read(Get, "shelves/{id}", "getShelf", get),
        Route::write(Delete, "shelves/{id}", "deleteShelf", delete),
    ],
};

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let rows: Vec<Json> =
        world.listed_objects("shelf", &call.tweaks, now).into_iter().map(|shelf| shelf.view()).collect();
    Ok(Response::json(200, json!({ "shelves": rows })))
}

fn get(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, world.find_object("shelf", call.object_id(), now)?.view()))
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE, call.body.as_ref())?;
    let members = PresentMembers::of(call.body.as_ref());
    if !world.pod_ids().any(|id| Some(id) == members.text("podId")) {
        return Err(RequestRefusal::rule("no such pod"));
    }
    Ok(Response::json(201, world.create_object("shelf", members.0.clone(), &call.tweaks, now)?.view()))
}

fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.delete_object("shelf", call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}
