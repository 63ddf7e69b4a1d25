//! Registry credentials in v2.

use serde_json::json;

use crate::emulator::dialect::registries;
use crate::emulator::dialect::response::Response;
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{NAME, ObjectShape};
use crate::transport::Method::{Delete, Get, Post};

const CREATE: ObjectShape = ObjectShape {
    members: &[&[("name", NAME), ("username", NAME), ("password", NAME)]],
    required: &["name", "username", "password"],
    min_members: 0,
};

pub const ROUTES: &[Route] = &[
    Route::read(Get, "registries", "listRegistries", |world, call, now| {
        Ok(Response::json(200, json!({ "registries": registries::all(world, call, now) })))
    }),
    Route::write(Post, "registries", "createRegistry", |world, call, now| {
        registries::create(world, call, &CREATE, 201, now)
    })
    .hiding("password"),
    Route::read(Get, "registries/{id}", "getRegistry", registries::get),
    Route::write(Delete, "registries/{id}", "deleteRegistry", registries::delete),
];
