//! Serverless endpoints in v2, with their workers, releases and builds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::endpoint_bodies::{CREATE_ENDPOINT, UPDATE_ENDPOINT};
use super::page::{PageRequest, Pagination};
use super::{endpoint_spec, endpoint_view, pod_logs, template_use};
use crate::emulator::dialect::call::{Call, without_dropped};
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, PresentMembers};
use crate::emulator::rules::refusal::{RequestRefusal, SchemaViolation};
use crate::emulator::rules::tweaks::Tweaks;
use crate::emulator::state::endpoint::ServerlessEndpoint;
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Patch, Post};

pub const ROUTES: &[Route] = &[
    Route::read(Get, "serverless", "listEndpoints", list),
    Route::write(Post, "serverless", "createEndpoint", create),
    Route::read(Get, "serverless/{id}", "getEndpoint", show),
    Route::write(Patch, "serverless/{id}", "updateEndpoint", update),
    Route::write(Delete, "serverless/{id}", "deleteEndpoint", delete),
    Route::read(Get, "serverless/{id}/workers", "listEndpointWorkers", workers),
    Route::read(Get, "serverless/{id}/releases", "listEndpointReleases", releases),
    Route::read(Get, "serverless/{id}/workers/{workerId}/logs", "getWorkerLogs", worker_logs),
];

/// Builds from a repository, which came with the document of October 2026. The emulator builds nothing.
pub const BUILD_ROUTES: &[Route] = &[
    Route::read(Get, "serverless/{id}/builds", "listEndpointBuilds", |world, call, now| {
        world.endpoints.find(call.object_id(), now)?;
        Ok(Response::json(200, json!({ "builds": [] })))
    }),
    Route::read(Get, "serverless/{id}/builds/{buildId}", "getEndpointBuild", |_, _, _| Err(RequestRefusal::NotFound)),
];

fn checked(shape: &ObjectShape, body: Option<&Value>, more: Vec<SchemaViolation>) -> Result<(), RequestRefusal> {
    let violations = [shape.check(body), more].concat();
    if violations.is_empty() { Ok(()) } else { Err(RequestRefusal::Schema(violations)) }
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let mut page = PageRequest::from_query("listEndpoints", &[], &call.query)?;
    page.shorten(world.settings.short_pages);
    let mut listed = world.endpoints.listed(page.before, &call.tweaks, now);
    let rows: Vec<&ServerlessEndpoint> = listed.by_ref().take(page.limit).collect();
    let next = listed.next().and(rows.last()).map(|last| page.cursor_after(last.serial));
    let rows: Vec<Value> = rows.into_iter().map(endpoint_view::endpoint).collect();
    Ok(Response::json(200, json!({ "endpoints": rows, "pagination": Pagination::to(next) })))
}

fn show(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, endpoint_view::endpoint(world.endpoints.find(call.object_id(), now)?)))
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    let body = call.body.as_ref();
    checked(&CREATE_ENDPOINT, body, endpoint_spec::violations(body))?;
    let body = template_use::completed_endpoint(world, body, true, now)?;
    let settings = endpoint_spec::created(&PresentMembers::of(body.as_ref()), &world.settings)?;
    let id = world.create_endpoint(settings, &call.tweaks, now)?;
    Ok(Response::json(201, endpoint_view::endpoint(world.endpoints.find(&id, Timestamp::MAX)?)))
}

fn update(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    apply_endpoint_patch(world, call.object_id(), call.body.as_ref(), &call.tweaks, now)?;
    show(world, call, now)
}

/// Checks and applies a PATCH.
pub fn apply_endpoint_patch(
    world: &mut World,
    id: &str,
    body: Option<&Value>,
    tweaks: &Tweaks,
    now: Timestamp,
) -> Result<(), RequestRefusal> {
    checked(&UPDATE_ENDPOINT, body, endpoint_spec::update_violations(body))?;
    let kept = without_dropped(body, tweaks);
    let current = &world.endpoints.find(id, now)?.settings;
    let kept = template_use::completed_endpoint(world, kept.as_ref(), false, now)?;
    let next = endpoint_spec::patched(current, &PresentMembers::of(kept.as_ref()), &world.settings)?;
    world.change_endpoint(id, next, now)
}

fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.delete_endpoint(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}

fn workers(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, endpoint_view::workers(world.endpoints.find(call.object_id(), now)?, now)))
}

/// Newest first, in pages.
fn releases(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let endpoint = world.endpoints.find(call.object_id(), now)?;
    let page = PageRequest::from_query("listEndpointReleases", &[], &call.query)?;
    let mut listed = endpoint.releases.iter().rev().filter(|release| release.version < page.before);
    let rows: Vec<_> = listed.by_ref().take(page.limit).collect();
    let next = listed.next().and(rows.last()).map(|last| page.cursor_after(last.version));
    let rows: Vec<Value> = rows.into_iter().map(|release| endpoint_view::release(endpoint, release)).collect();
    Ok(Response::json(
        200,
        json!({
            "endpointVersion": endpoint.version, "rollout": endpoint_view::rollout(endpoint), "releases": rows,
            "pagination": Pagination::to(next),
        }),
    ))
}

fn worker_logs(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let endpoint = world.endpoints.find(call.object_id(), now)?;
    let worker = endpoint.fleet.iter().find(|worker| Some(&worker.id) == call.part.as_ref());
    let worker = worker.ok_or(RequestRefusal::NotFound)?;
    let phase = worker.placement.as_ref().map(|placement| &placement.phase);
    let lines = phase.map(|phase| pod_logs::lines(phase, &worker.image, now)).unwrap_or_default();
    pod_logs::events(call, lines)
}
