//! The registry of kinds in v1.

use serde_json::json;

use super::{pods, registries, templates, volumes};
use crate::emulator::dialect::response::Response;
use crate::emulator::dialect::route::{KindRoutes, Route};
use crate::model::KindRegistry;
use crate::transport::Method::Get;

/// Source: `paths` of the OpenAPI document, without serverless, billing and updates of templates.
pub static KINDS: KindRegistry<KindRoutes> = KindRegistry::new(&[
    &KindRoutes { noun: "pod", routes: pods::ROUTES },
    &KindRoutes { noun: "network volume", routes: volumes::ROUTES },
    &KindRoutes { noun: "template", routes: templates::ROUTES },
    &KindRoutes { noun: "container registry auth", routes: registries::ROUTES },
    &KindRoutes { noun: "openapi", routes: DOCUMENT },
]);

const DOCUMENT: &[Route] = &[Route::read(Get, "openapi.json", "getOpenApi", |_, _, _| {
    let info = json!({ "title": "RunPod REST API v1, emulated by sindri", "version": "0.1.0" });
    Ok(Response::json(200, json!({ "openapi": "3.0.3", "info": info, "paths": {} })))
})];

pub fn routes() -> impl Iterator<Item = &'static Route> {
    KINDS.iter().flat_map(|kind| kind.routes)
}
