//! Delegations of ECR repositories in v2.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, PresentMembers, TEXT, Type, checked};
use crate::emulator::state::delegation::EcrDelegation;
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Post};

/// The emulated account.
const USER: &str = "user_emulated";

const CREATE_DELEGATION: ObjectShape = ObjectShape {
    members: &[&[("resource", TEXT), ("name", Type::OrNull(&TEXT))]],
    required: &["resource"],
    min_members: 0,
};

pub const ROUTES: &[Route] = &[
    Route::read(Get, "registries/delegations", "listDelegations", list),
    Route::write(Post, "registries/delegations", "createDelegation", create),
    Route::write(Delete, "registries/delegations/{id}", "revokeDelegation", revoke),
];

fn view(delegation: &EcrDelegation) -> Value {
    let EcrDelegation { id, name, resource, created_at, .. } = delegation;
    json!({
        "id": id, "name": name, "delegatorUserId": USER, "awsUser": resource.account,
        "repository": resource.repository, "tag": resource.tag, "awsRegion": resource.region,
        "dockerRegistryUri": resource.registry_uri(), "createdAt": created_at,
    })
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let rows: Vec<Value> = world.delegations.listed(u64::MAX, &call.tweaks, now).map(view).collect();
    Ok(Response::json(200, json!({ "delegations": rows })))
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_DELEGATION, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let arn = body.text("resource").unwrap_or_default();
    Ok(Response::json(201, view(world.create_delegation(arn, body.text("name"), &call.tweaks, now)?)))
}

fn revoke(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.revoke_delegation(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}
