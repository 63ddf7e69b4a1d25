//! The two transports to an emulator: in process, on tokio's time, and over HTTP.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sindri::emulator::{Emulator, InProcess};
use sindri::transport::clock::Clock;
use sindri::transport::{Method, Transport, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::*;

fn in_process(emulator: Emulator) -> (Arc<Emulator>, InProcess) {
    let emulator = Arc::new(emulator);
    (emulator.clone(), InProcess::new(emulator, Clock::starting_at(START)))
}

#[tokio::test(start_paused = true)]
async fn latency_passes_in_simulated_time_before_or_after_the_effect() {
    for (side, created_at) in [("beforeEffect", 5), ("afterEffect", 0)] {
        let effect = format!("{{ latency: {{ seconds: 5, side: {side} }} }}");
        let rules = format!("[{{ match: {{ operation: createPod }}, effect: {effect} }}]");
        let (emulator, transport) = in_process(emulator_with_faults(&rules));
        let began = tokio::time::Instant::now();
        let reply = transport.send(create_pod()).await.expect("a reply");
        assert_eq!(began.elapsed().as_secs(), 5, "{side}");
        assert_eq!(reply.status, 201);
        let time = emulator.journal(0)[0].time.duration_since(START);
        assert_eq!(time.as_secs(), created_at, "{side}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_request_still_takes_effect() {
    let rules = "[{ match: { operation: createPod }, effect: { latency: { seconds: 45 } } }]";
    let (emulator, transport) = in_process(emulator_with_faults(rules));
    let outcome = transport.send(create_pod()).await;
    assert!(matches!(outcome, Err(TransportError::NoAnswer { .. })), "timed out");
    assert_eq!(pods(&emulator), 0);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(pods(&emulator), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_no_answer() {
    let (emulator, transport) =
        in_process(emulator_with_faults("[{ match: { nth: 1 }, effect: { resetAfterEffect: true } }]"));
    let outcome = transport.send(create_pod()).await;
    assert!(matches!(outcome, Err(TransportError::NoAnswer { .. })), "{outcome:?}");
    assert_eq!(pods(&emulator), 1);
}

/// A server on its own port that stops when the test ends.
struct Server {
    url: String,
    client: reqwest::Client,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(emulator: Emulator) -> (Arc<Emulator>, Self) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let emulator = Arc::new(emulator);
        let served = emulator.clone();
        let task = tokio::spawn(async move { sindri::emulator::serve(listener, served).await.expect("saved") });
        let client = reqwest::Client::builder().user_agent("sindri-test").no_proxy().build().expect("a client");
        (emulator, Self { url, client, task })
    }

    fn call(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let method = method.word().parse().expect("a method");
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth("rpa_test")
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let call = self.call(method, path).header("content-type", "application/json");
        let reply = call.body(body.to_string()).send().await.expect("a reply");
        assert_eq!(reply.status(), 200, "{path}");
        serde_json::from_slice(&reply.bytes().await.expect("a body")).expect("JSON")
    }
}

#[tokio::test]
async fn a_client_over_http_gets_the_same_api() {
    let (_, server) = Server::start(emulator()).await;
    let create = create_pod();
    let created =
        server.call(Method::Post, "/v2/pods").body(create.body.expect("a body")).send().await.expect("created");
    assert_eq!(created.status(), 201);
    assert!(created.headers().contains_key("x-request-id"));
    let listed = server.call(Method::Get, "/v2/pods").send().await.expect("listed").bytes().await.expect("a body");
    assert_eq!(serde_json::from_slice::<Value>(&listed).expect("JSON")["pods"][0]["name"], "trainer");
    let options = server.client.request("OPTIONS".parse().expect("a method"), format!("{}/v2/pods", server.url));
    let refused = options.send().await.expect("a reply");
    assert_eq!(refused.status(), 405);
    assert_eq!(refused.headers()["allow"], "GET, POST");
}

#[tokio::test]
async fn a_reset_over_http_is_a_connection_reset() {
    let rules = "[{ match: { nth: 1 }, effect: { resetAfterEffect: true } }]";
    let (emulator, server) = Server::start(emulator_with_faults(rules)).await;
    let create = create_pod();
    let outcome = server.call(Method::Post, "/v2/pods").body(create.body.expect("a body")).send().await;
    let text = format!("{:?}", outcome.expect_err("no answer"));
    assert!(text.contains("ConnectionReset"), "{text}");
    assert_eq!(pods(&emulator), 1);
}

#[tokio::test]
async fn a_cut_answer_over_http_breaks_in_its_body() {
    let (_, server) =
        Server::start(emulator_with_faults("[{ effect: { truncate: { bytes: 5, hangUp: true } } }]")).await;
    let body = match server.call(Method::Get, "/v2/pods").send().await {
        Ok(reply) => reply.bytes().await,
        Err(error) => Err(error),
    };
    assert!(body.is_err(), "{body:?}");
}

/// Requests that a browser sends for a page whose name resolves to this machine, or for its form.
#[tokio::test]
async fn web_pages_cannot_read_or_change_the_world() {
    let (emulator, server) = Server::start(emulator()).await;
    let host = server.url.trim_start_matches("http://").to_owned();
    let raw = async |first_line: &str, headers: &str, body: &str| {
        let mut socket = tokio::net::TcpStream::connect(&host).await.expect("a connection");
        let length = body.len();
        let text =
            format!("{first_line} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        socket.write_all(text.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("an answer");
        answer.split(' ').nth(1).expect("a status").parse::<u16>().expect("a number")
    };
    reply(&emulator, &create_pod());
    let form = "content-type: text/plain\r\n";
    let json = "content-type: application/json\r\n";
    for (first_line, headers, status) in [
        ("GET /_emu/state", format!("host: {host}\r\n"), 200),
        ("GET /_emu/state", "host: localhost\r\n".to_owned(), 200),
        ("GET /_emu/state", "host: evil.example\r\n".to_owned(), 403),
        ("GET /_emu/state", String::new(), 400),
        ("GET http://evil.example/_emu/state", format!("host: {host}\r\n"), 403),
        ("GET /_emu/state", format!("host: {host}\r\norigin: http://evil.example\r\n"), 403),
        ("GET /v2/pods", "host: evil.example\r\nauthorization: Bearer x\r\nuser-agent: x\r\n".to_owned(), 403),
        ("POST /_emu/reset", format!("host: {host}\r\norigin: http://evil.example\r\n{json}"), 403),
        ("POST /_emu/reset", format!("host: {host}\r\nsec-fetch-site: cross-site\r\n{json}"), 403),
        ("POST /_emu/reset", format!("host: {host}\r\n{form}"), 415),
        ("POST /_emu/reset", format!("host: {host}\r\n"), 415),
        ("POST /_emu/reset", format!("host: evil.example\r\n{form}"), 403),
    ] {
        assert_eq!(raw(first_line, &headers, "{\"seed\": 7}").await, status, "{first_line}\n{headers}");
    }
    assert_eq!(pods(&emulator), 1, "refused requests have no effect");
    assert_eq!(raw("POST /_emu/reset", &format!("host: {host}\r\n{json}"), "{}").await, 200);
    assert_eq!(pods(&emulator), 0);
}

#[tokio::test]
async fn control_calls_change_the_world_without_the_client() {
    let (emulator, server) = Server::start(emulator()).await;
    reply(&emulator, &create_pod());
    let id = emulator.journal(0)[0].touched[0].clone();

    let before: Timestamp =
        serde_json::from_value(server.control(Method::Post, "/_emu/clock", json!({ "scale": 0 })).await["now"].clone())
            .expect("a time");
    let clock = server.control(Method::Post, "/_emu/clock", json!({ "advance": 90.5 })).await;
    let after: Timestamp = serde_json::from_value(clock["now"].clone()).expect("a time");
    assert_eq!(after.duration_since(before), SignedDuration::from_millis(90_500));
    assert_eq!(clock["scale"], 0.0);

    server.control(Method::Post, &format!("/_emu/pods/{id}/event"), json!({ "event": "stop" })).await;
    let stopped = server.call(Method::Get, &format!("/v2/pods/{id}")).send().await.expect("a reply").bytes().await;
    assert_eq!(serde_json::from_slice::<Value>(&stopped.expect("a body")).expect("JSON")["status"], "EXITED");

    server.control(Method::Put, "/_emu/faults", json!([{ "effect": { "status": { "code": 503 } } }])).await;
    assert_eq!(server.call(Method::Get, "/v2/pods").send().await.expect("a reply").status(), 503);
    assert_eq!(server.control(Method::Get, "/_emu/faults", json!({})).await[0]["effect"]["status"]["code"], 503);
    server.control(Method::Delete, "/_emu/faults", json!({})).await;
    server.control(Method::Put, "/_emu/faults", json!({ "scenario": "calm" })).await;

    let state = server.control(Method::Get, "/_emu/state", json!({})).await;
    server.control(Method::Post, "/_emu/reset", json!({ "seed": 5 })).await;
    assert_eq!(pods(&emulator), 0);
    server.control(Method::Put, "/_emu/state", state.clone()).await;
    assert_eq!(pods(&emulator), 1);

    server.control(Method::Put, "/_emu/account", json!({ "balance": 0.01, "spendLimit": null })).await;
    assert_eq!(server.control(Method::Get, "/_emu/account", json!({})).await["balance"], 0.01);
    server.control(Method::Put, "/_emu/account", json!({ "balance": 1000 })).await;
    let none = json!([{ "gpu": "*", "dataCenter": "*", "free": 0 }]);
    server.control(Method::Put, "/_emu/capacity", none).await;
    assert_eq!(reply(&emulator, &create_pod()).status, 400);

    let journal = server.control(Method::Get, "/_emu/journal?since=0", json!({})).await;
    let operations: Vec<_> =
        journal["entries"].as_array().expect("entries").iter().map(|entry| &entry["operation"]).collect();
    assert_eq!(operations, ["listPods", "listPods", "createPod"], "since the reset");
}

#[tokio::test]
async fn an_invalid_control_call_is_refused_and_changes_nothing() {
    let (_, server) = Server::start(emulator()).await;
    for (method, path, body) in [
        (Method::Post, "/_emu/clock", json!({ "advance": -1 })),
        (Method::Post, "/_emu/clock", json!({ "scale": -1 })),
        (Method::Put, "/_emu/faults", json!([{ "effect": { "preempt": true } }])),
        (Method::Put, "/_emu/faults", json!({ "scenario": "/etc/passwd" })),
        (Method::Put, "/_emu/state", json!({ "world": {} })),
        (Method::Post, "/_emu/pods/none/event", json!({ "event": "stop" })),
        (Method::Get, "/_emu/nonsense", json!({})),
    ] {
        let reply = server.call(method, path).body(body.to_string()).send().await.expect("a reply");
        assert!(reply.status().is_client_error(), "{path} {body}: {}", reply.status());
    }
}
