//! The registry of kinds in v2.

use super::{catalog, openapi, pods, registries, secrets, ssh_keys, templates, volumes};
use crate::emulator::dialect::response::Response;
use crate::emulator::dialect::route::Route;
use crate::transport::Method::Get;

/// Source: `paths` of the OpenAPI document, without serverless, clusters, billing, updates of templates and delegations
/// of registries.
static KINDS: &[&[Route]] = &[
    pods::ROUTES,
    volumes::ROUTES,
    catalog::ROUTES,
    templates::ROUTES,
    registries::ROUTES,
    ssh_keys::ROUTES,
    secrets::ROUTES,
];

static DOCUMENT: Route = Route::read(Get, "openapi.json", "getOpenApi", |_, _, _| {
    Ok(Response::json(200, openapi::document(KINDS.iter().copied().flatten())))
});

pub fn routes() -> impl Iterator<Item = &'static Route> {
    KINDS.iter().copied().flatten().chain([&DOCUMENT])
}
