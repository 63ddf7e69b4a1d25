//! The registry of kinds in v2.

use super::{
    catalog, delegations, endpoint_jobs, endpoints, openapi, pods, registries, secrets, ssh_keys, templates, volumes,
};
use crate::emulator::dialect::response::Response;
use crate::emulator::dialect::route::{KindRoutes, Route};
use crate::model::KindRegistry;
use crate::transport::Method::Get;

/// Source: `paths` of the OpenAPI document, without clusters and billing.
pub static KINDS: KindRegistry<KindRoutes> = KindRegistry::new(&[
    &KindRoutes { noun: "pod", routes: pods::ROUTES },
    &KindRoutes { noun: "network volume", routes: volumes::ROUTES },
    &KindRoutes { noun: "catalog", routes: catalog::ROUTES },
    &KindRoutes { noun: "endpoint", routes: endpoints::ROUTES },
    &KindRoutes { noun: "endpoint build", routes: endpoints::BUILD_ROUTES },
    &KindRoutes { noun: "template", routes: templates::ROUTES },
    &KindRoutes { noun: "registry", routes: registries::ROUTES },
    &KindRoutes { noun: "registry delegation", routes: delegations::ROUTES },
    &KindRoutes { noun: "SSH key", routes: ssh_keys::ROUTES },
    &KindRoutes { noun: "secret", routes: secrets::ROUTES },
    // Last, because its paths begin with an id.
    &KindRoutes { noun: "job", routes: endpoint_jobs::ROUTES },
]);

static DOCUMENT: Route = Route::read(Get, "openapi.json", "getOpenApi", |_, _, _| {
    Ok(Response::json(200, openapi::document(KINDS.iter().copied())))
});

pub fn routes() -> impl Iterator<Item = &'static Route> {
    KINDS.iter().flat_map(|kind| kind.routes).chain([&DOCUMENT])
}
