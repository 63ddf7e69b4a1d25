//! Registry credentials in v1.

use crate::emulator::dialect::registries;
use crate::emulator::dialect::response::Response;
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, TEXT};
use crate::transport::Method::{Delete, Get, Post};

const CREATE: ObjectShape = ObjectShape {
    members: &[&[("name", TEXT), ("username", TEXT), ("password", TEXT)]],
    required: &["name", "username", "password"],
    min_members: 0,
};

pub const ROUTES: &[Route] = &[
    Route::read(Get, "containerregistryauth", "listRegistries", |world, call, now| {
        Ok(Response::json(200, registries::all(world, call, now)))
    }),
    Route::write(Post, "containerregistryauth", "createRegistry", |world, call, now| {
        registries::create(world, call, &CREATE, 200, now)
    })
    .hiding("password"),
    Route::read(Get, "containerregistryauth/{id}", "getRegistry", registries::get),
    Route::write(Delete, "containerregistryauth/{id}", "deleteRegistry", registries::delete),
];
