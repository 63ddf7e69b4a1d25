//! `/v2/openapi.json`, which lists the operations of the emulator. It does not copy the vendor's document.

use serde_json::{Map, Value, json};

use crate::emulator::dialect::route::KindRoutes;

pub fn document(kinds: impl Iterator<Item = &'static KindRoutes>) -> Value {
    let mut paths = Map::new();
    for (noun, route) in kinds.flat_map(|kind| kind.routes.iter().map(|route| (kind.noun, route))) {
        let item = paths.entry(format!("/v2/{}", route.path)).or_insert_with(|| {
            let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            let parameters = names
                .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
            json!({ "parameters": parameters.collect::<Vec<_>>() })
        });
        item[route.method.word().to_ascii_lowercase()] = json!({
            "operationId": route.operation,
            "tags": [noun],
            "responses": { "default": { "description": "See RunPod's API reference." } },
        });
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "RunPod REST API v2, emulated by sindri", "version": "2.0.0" },
        "servers": [{ "url": "https://api.runpod.io" }],
        "paths": paths,
    })
}
