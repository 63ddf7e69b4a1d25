//! Emulators, requests and answers for the tests here.

#[path = "../support/ids.rs"]
pub mod ids;

use jiff::Timestamp;
use serde_json::{Value, json};
use sindri::emulator::{DeliveryResult, EPOCH, Emulator, Settings, World, faults};
use sindri::transport::{Method, Reply, Request};

pub const START: Timestamp = EPOCH;

pub fn emulator_with(settings: Settings) -> Emulator {
    Emulator::new(World::new(settings, START), START)
}

pub fn emulator() -> Emulator {
    emulator_with(Settings::default())
}

pub fn emulator_with_faults(rules: &str) -> Emulator {
    let emulator = emulator();
    emulator.set_faults(faults::parse(rules, "test").expect("valid rules"));
    emulator
}

pub fn request(method: Method, path: &str, body: Option<Value>) -> Request {
    let headers = [("user-agent", "sindri-test"), ("authorization", "Bearer rpa_test")];
    Request {
        method,
        path: path.into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: body.map(|body| body.to_string().into()),
    }
}

pub fn get(path: &str) -> Request {
    request(Method::Get, path, None)
}

pub fn create_pod() -> Request {
    let body = json!({
        "name": "trainer",
        "image": "runpod/pytorch:latest",
        "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1 },
        "disk": 20,
    });
    request(Method::Post, "/v2/pods", Some(body))
}

/// The request without one of its headers.
pub fn without(header: &str, mut request: Request) -> Request {
    request.headers.retain(|(name, _)| name != header);
    request
}

pub fn reply(emulator: &Emulator, request: &Request) -> Reply {
    match emulator.handle(request, START).outcome {
        DeliveryResult::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

pub fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).expect("a JSON body")
}

pub fn pods(emulator: &Emulator) -> usize {
    let reply = reply(emulator, &get("/v2/pods"));
    json_of(&reply)["pods"].as_array().expect("a list of pods").len()
}
