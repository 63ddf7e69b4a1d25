//! `/v2/openapi.json`: which operations the emulator serves. The vendor's own document is not reproduced here.

use serde_json::{Value, json};

/// Path, and the methods with their `operationId`.
const PATHS: &[(&str, &[(&str, &str)])] = &[
    ("/v2/pods", &[("get", "listPods"), ("post", "createPod")]),
    ("/v2/pods/{id}", &[("get", "getPod"), ("patch", "updatePod"), ("delete", "deletePod")]),
    ("/v2/pods/{id}/action", &[("post", "podAction")]),
    ("/v2/pods/{id}/logs", &[("get", "getPodLogs")]),
    ("/v2/network-volumes", &[("get", "listNetworkVolumes"), ("post", "createNetworkVolume")]),
    (
        "/v2/network-volumes/{id}",
        &[("get", "getNetworkVolume"), ("patch", "updateNetworkVolume"), ("delete", "deleteNetworkVolume")],
    ),
    ("/v2/catalog/gpus", &[("get", "listGpuTypes")]),
    ("/v2/catalog/gpus/{id}", &[("get", "getGpuType")]),
    ("/v2/catalog/cpus", &[("get", "listCpuTypes")]),
    ("/v2/catalog/cpus/{id}", &[("get", "getCpuType")]),
    ("/v2/catalog/datacenters", &[("get", "listDataCenters")]),
    ("/v2/catalog/datacenters/{id}", &[("get", "getDataCenter")]),
    ("/v2/templates", &[("get", "listTemplates"), ("post", "createTemplate")]),
    ("/v2/templates/{id}", &[("get", "getTemplate"), ("delete", "deleteTemplate")]),
    ("/v2/registries", &[("get", "listRegistries"), ("post", "createRegistry")]),
    ("/v2/registries/{id}", &[("get", "getRegistry"), ("delete", "deleteRegistry")]),
    ("/v2/account/ssh-keys", &[("get", "getSshKeys"), ("put", "updateSshKeys")]),
    ("/v2/account/secrets", &[("get", "listSecrets"), ("post", "createSecret")]),
    ("/v2/account/secrets/{id}", &[("get", "getSecret"), ("patch", "updateSecret"), ("delete", "deleteSecret")]),
];

pub(super) fn document() -> Value {
    let mut paths = serde_json::Map::new();
    for (path, methods) in PATHS {
        let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
        let mut item = json!({ "parameters": if path.contains("{id}") { vec![id] } else { Vec::new() } });
        for (method, operation) in *methods {
            item[*method] = json!({ "operationId": operation, "responses": { "default": { "description": "See RunPod's API reference." } } });
        }
        paths.insert((*path).to_owned(), item);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "RunPod REST API v2, emulated by sindri", "version": "2.0.0" },
        "servers": [{ "url": "https://api.runpod.io" }],
        "paths": paths,
    })
}
