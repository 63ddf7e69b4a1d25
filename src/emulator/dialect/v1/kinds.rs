//! The registry of kinds in v1.

use serde_json::json;

use super::{pods, registries, templates, volumes};
use crate::emulator::dialect::response::Response;
use crate::emulator::dialect::route::Route;
use crate::transport::Method::Get;

pub struct KindRoutes {
    /// The name of the kind in error texts.
    pub noun: &'static str,
    pub routes: &'static [Route],
}

/// Source: `paths` of the OpenAPI document, without serverless, billing and updates of templates.
pub static KINDS: &[KindRoutes] = &[
    KindRoutes { noun: "pod", routes: pods::ROUTES },
    KindRoutes { noun: "network volume", routes: volumes::ROUTES },
    KindRoutes { noun: "template", routes: templates::ROUTES },
    KindRoutes { noun: "container registry auth", routes: registries::ROUTES },
    KindRoutes { noun: "openapi", routes: DOCUMENT },
];

const DOCUMENT: &[Route] = &[Route::read(Get, "openapi.json", "getOpenApi", |_, _, _| {
    let info = json!({ "title": "RunPod REST API v1, emulated by sindri", "version": "0.1.0" });
    Ok(Response::json(200, json!({ "openapi": "3.0.3", "info": info, "paths": {} })))
})];

pub fn routes() -> impl Iterator<Item = &'static Route> {
    KINDS.iter().flat_map(|kind| kind.routes)
}

impl KindRoutes {
    /// For example `create pod` for `createPod`.
    pub fn describe(&self, operation: &str) -> String {
        let verb: String = operation.chars().take_while(char::is_ascii_lowercase).collect();
        format!("{verb} {}", self.noun)
    }
}
