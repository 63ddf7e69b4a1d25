//! The allocations of a request do not grow with the world.

use serde_json::{Value, json};
use sindri::emulator::{Emulator, EmulatorOptions};
use sindri::transport::{Method, Request};

use crate::count::{Work, work};
use crate::support::*;

/// The requests whose work is measured together.
const REQUESTS: usize = 50;

/// The pods of two worlds. The journal of requests doubles its room at powers of two, not during the measured requests.
const SIZES: [usize; 2] = [520, 1_040];

/// Twice the world may take this many times the work of a request or a row.
const GROWTH: f64 = 1.1;

/// Creates so many pods and returns their ids.
fn create(emulator: &Emulator, pods: usize) -> Vec<String> {
    let created = (0..pods).map(|_| json_of(&reply(emulator, &create_pod())));
    created.map(|pod| pod["id"].as_str().expect("an id").to_owned()).collect()
}

/// Sends requests that all succeed.
fn send(emulator: &Emulator, requests: &[Request]) {
    for request in requests {
        let reply = reply(emulator, request);
        assert!(reply.status < 300, "{:?}", reply.body);
    }
}

/// The work of each kind of request, in a world of these pods.
fn requests(emulator: &Emulator, ids: &[String]) -> Vec<(&'static str, Work)> {
    let each = |method, path: fn(&str) -> String, body: Option<Value>| -> Vec<Request> {
        ids.iter().take(REQUESTS).map(|id| request(method, &path(id), body.clone())).collect()
    };
    let kinds = [
        ("create", vec![create_pod(); REQUESTS]),
        ("get in v2", each(Method::Get, |id| format!("/v2/pods/{id}"), None)),
        ("get in v1", each(Method::Get, |id| format!("/v1/pods/{id}"), None)),
        ("update", each(Method::Patch, |id| format!("/v2/pods/{id}"), Some(json!({ "disk": 30 })))),
        ("rename", each(Method::Patch, |id| format!("/v1/pods/{id}"), Some(json!({ "name": "other" })))),
        ("stop", each(Method::Post, |id| format!("/v1/pods/{id}/stop"), None)),
        ("start", each(Method::Post, |id| format!("/v1/pods/{id}/start"), None)),
        ("delete", each(Method::Delete, |id| format!("/v2/pods/{id}"), None)),
    ];
    kinds.map(|(name, requests)| (name, work(|| send(emulator, &requests)).0)).into()
}

fn assert_equal_work(small: Vec<(&'static str, Work)>, large: Vec<(&'static str, Work)>) {
    for ((name, small), (_, large)) in small.into_iter().zip(large) {
        let growth = [(small.allocations, large.allocations), (small.bytes, large.bytes)]
            .map(|(small, large)| large as f64 / small as f64);
        assert!(growth.iter().all(|growth| *growth < GROWTH), "{name}: {small:?}, then {large:?}");
    }
}

#[test]
fn a_request_allocates_as_much_in_a_large_world_as_in_a_small_one() {
    let [small, large] = SIZES.map(|pods| {
        let emulator = emulator();
        let ids = create(&emulator, pods);
        requests(&emulator, &ids)
    });
    assert_equal_work(small, large);
}

#[test]
fn saving_a_change_costs_as_much_in_a_large_world_as_in_a_small_one() {
    let [small, large] = SIZES.map(|pods| {
        let folder = tempfile::tempdir().expect("a folder");
        let options = EmulatorOptions { world: Some(folder.path().join("world.json")), ..Default::default() };
        let ids = create(&options.open().expect("a new world").0, pods);
        let (emulator, _) = options.open().expect("the same world");
        create(&emulator, 1); // the first change of a session writes the whole world
        requests(&emulator, &ids)
    });
    assert_equal_work(small, large);
}

/// The work of a row in a complete list.
fn per_row(emulator: &Emulator, path: &str, rows: usize) -> f64 {
    let (work, bytes) = work(|| reply(emulator, &get(path)).body.len());
    assert!(bytes > rows * 500, "{bytes} bytes for {rows} rows");
    work.allocations as f64 / rows as f64
}

#[test]
fn a_row_of_a_list_takes_few_allocations() {
    let worlds = SIZES.map(|pods| {
        let emulator = emulator();
        create(&emulator, pods);
        (emulator, pods)
    });
    for path in ["/v1/pods", "/v1/pods?includeMachine=true&includeNetworkVolume=true", "/v2/pods"] {
        let [small, large] = worlds.each_ref().map(|(emulator, pods)| per_row(emulator, path, *pods));
        assert!(large < small * GROWTH, "{path}: {small:.1} allocations a row, then {large:.1}");
        // A row that is built as a JSON value takes a hundred.
        assert!(small < 20.0, "{path}: {small:.1} allocations a row");
    }
}
