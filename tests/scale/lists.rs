//! Lists of objects: every row takes the same few allocations, and only its object stays in memory.

use serde_json::json;
use sindri::kind::POD;
use sindri::model::Dialect;
use sindri::runpod::Api;

use super::count::{Work, work};
use crate::support::script::{self, Script};

/// Allocations of a pod in a list. As a tree of JSON with owned texts, a row alone takes more than a hundred.
const PER_ROW: u64 = 72;

/// Reads a list of `pods` pods in pages of 1,000.
fn listed(pods: usize) -> Work {
    let row = |number: usize| {
        json!({
            "id": format!("p{number:012}"), "name": format!("trainer-{number}"), "status": "RUNNING",
            "actions": ["stop", "restart", "terminate"], "image": "ghcr.io/team/train:2024-11-01", "args": "",
            "disk": 50, "mounts": { "persistent": { "size": 20, "path": "/workspace" } },
            "ports": ["8888/http", "22/tcp"],
            "env": {
                "SINDRI_RESOURCE": format!("4f1c:fleet/default:pod.trainer[{number}]:7"),
                "HF_TOKEN": "hf_canary", "LOG_LEVEL": "info",
            },
            "registry": null, "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1, "vcpuCount": 16, "memory": 64 },
            "cloud": "SECURE", "dataCenterId": "US-CA-2", "cudaVersion": "12.8",
            "ssh": {
                "proxy": { "host": "ssh.runpod.io", "port": 22, "username": "x-6441103b", "command": "" },
                "direct": { "host": "203.0.113.7", "port": 35558, "username": "root", "command": "" },
            },
            "template": null, "cost": 0.74, "locked": false, "globalNetworking": { "enabled": false },
            "runtime": { "uptime": 120, "ports": [
                { "private": 22, "public": 35558, "type": "tcp", "ip": "203.0.113.7" },
                { "private": 8888, "public": 60821, "type": "http", "ip": "100.65.12.3" },
            ] },
            "createdAt": "2026-08-20T06:16:19.436Z", "startedAt": "2026-08-20T06:16:19.42Z",
        })
    };
    let pages = (0..pods).step_by(1_000).map(|first| {
        let rows: Vec<_> = (first..(first + 1_000).min(pods)).map(row).collect();
        let next = (first + 1_000 < pods).then(|| format!("c{first}"));
        let pagination = json!({ "nextCursor": next, "hasNextPage": next.is_some() });
        script::json(200, &json!({ "pods": rows, "pagination": pagination }))
    });
    let script = Script::new(pages);
    let client = script::client(&script, Dialect::V2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let (work, objects) = work(|| runtime.block_on(client.list(&POD)));
    assert_eq!(objects.expect("a list").len(), pods);
    work
}

#[test]
fn a_row_takes_few_allocations_in_a_list_of_any_length() {
    let lists = [250, 500, 1_000, 2_000, 4_000].map(|pods| (pods as u64, listed(pods)));
    for [(fewer, before), (more, now)] in lists.windows(2).map(|pair| [pair[0], pair[1]]) {
        let allocations = (now.allocations - before.allocations) as f64 / (more - fewer) as f64;
        assert!(allocations <= PER_ROW as f64, "{allocations:.1} allocations per pod of {more}");
        let growth = now.bytes as f64 / before.bytes as f64;
        assert!(growth < 2.2, "{more} pods take {growth:.2} times the bytes of {fewer}");
    }
}
