//! The emulator's front: the order of its checks, its headers, its faults, and the two ways to reach it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sindri::emulator::quota::QuotaProfile;
use sindri::emulator::world::{Fidelity, Settings, World};
use sindri::emulator::{Emulator, EmulatorOptions, InProcess, OpenError, Outcome, faults, sandbox};
use sindri::transport::clock::Clock;
use sindri::transport::{Method, Reply, Request, Transport, TransportError};

const START: Timestamp = sandbox::EPOCH;

fn emulator_with(settings: Settings) -> Emulator {
    Emulator::new(World::new(settings, START), START)
}

fn emulator() -> Emulator {
    emulator_with(Settings::default())
}

fn emulator_with_faults(rules: &str) -> Emulator {
    let emulator = emulator();
    emulator.set_faults(faults::parse(rules, "test").expect("valid rules"));
    emulator
}

fn request(method: Method, path: &str, body: Option<Value>) -> Request {
    let headers = [("user-agent", "sindri-test"), ("authorization", "Bearer rpa_test")];
    Request {
        method,
        path: path.into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: body.map(|body| body.to_string().into()),
    }
}

fn get(path: &str) -> Request {
    request(Method::Get, path, None)
}

fn create_pod() -> Request {
    let body = json!({
        "name": "trainer",
        "image": "runpod/pytorch:latest",
        "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1 },
        "disk": 20,
    });
    request(Method::Post, "/v2/pods", Some(body))
}

/// The same request without one of its headers.
fn without(header: &str, mut request: Request) -> Request {
    request.headers.retain(|(name, _)| name != header);
    request
}

fn reply(emulator: &Emulator, request: &Request) -> Reply {
    match emulator.handle(request, START).outcome {
        Outcome::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).expect("a JSON body")
}

fn pods(emulator: &Emulator) -> usize {
    let reply = reply(emulator, &get("/v2/pods"));
    json_of(&reply)["pods"].as_array().expect("a list of pods").len()
}

#[test]
fn each_check_comes_before_the_next() {
    let emulator = emulator();
    emulator.set_quota(QuotaProfile::Documented);
    let huge = Request { body: Some(vec![b' '; 102_401].into()), ..request(Method::Put, "/v2/nowhere", None) };
    let broken = Request { body: Some("{".into()), ..request(Method::Post, "/v2/pods", None) };
    let cases = [
        (413, without("user-agent", without("authorization", huge))),
        (403, without("user-agent", without("authorization", get("/v2/nowhere")))),
        (401, without("authorization", get("/v2/nowhere"))),
        (404, request(Method::Put, "/v2/nowhere", None)),
        (405, Request { body: Some("{".into()), ..request(Method::Put, "/v2/pods", None) }),
        (400, Request { path: "/v2/pods".into(), ..broken }),
        (422, request(Method::Post, "/v2/pods", Some(json!({})))),
    ];
    for (expected, request) in &cases {
        assert_eq!(reply(&emulator, request).status, *expected, "{}", request.path);
    }
    // What passed the credential has used up the quota: from then on nothing behind it is looked at.
    while reply(&emulator, &get("/v2/pods")).status == 200 {}
    for (expected, request) in &cases {
        let expected = if [413, 403, 401].contains(expected) { *expected } else { 429 };
        assert_eq!(reply(&emulator, request).status, expected, "{}", request.path);
    }
}

#[test]
fn the_gateway_turns_away_library_agents_unless_the_documents_are_followed() {
    let bare = without("user-agent", get("/v2/pods"));
    let mut urllib = bare.clone();
    urllib.headers.push(("user-agent".into(), "Python-urllib/3.12".into()));
    for request in [&bare, &urllib] {
        let blocked = reply(&emulator(), request);
        assert_eq!((blocked.status, blocked.body.as_ref()), (403, b"error code: 1010".as_slice()));
        assert_eq!(blocked.header("x-request-id"), None, "the gateway is not the API");
        let documented = emulator_with(Settings { fidelity: Fidelity::Documented, ..Settings::default() });
        assert_eq!(reply(&documented, request).status, 200);
    }
}

#[test]
fn any_token_will_do_and_none_will_not() {
    for (credential, expected) in
        [("Bearer x", 200), ("bearer x", 200), ("Bearer ", 401), ("Bearer", 401), ("Basic x", 401), ("", 401)]
    {
        let mut request = without("authorization", get("/v2/pods"));
        request.headers.push(("authorization".into(), credential.into()));
        assert_eq!(reply(&emulator(), &request).status, expected, "{credential:?}");
    }
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    let refused = reply(&emulator(), &request(Method::Put, "/v2/pods/x", None));
    assert_eq!(refused.header("allow"), Some("GET, PATCH, DELETE"));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
}

#[test]
fn every_v2_answer_has_a_request_id_that_depends_on_the_seed_alone() {
    let ids = |seed| {
        let emulator = emulator_with(Settings { seed, ..Settings::default() });
        let requests = [get("/v2/pods"), get("/v2/nowhere"), without("authorization", get("/v2/pods"))];
        requests.map(|request| reply(&emulator, &request).header("x-request-id").expect("an id").to_owned())
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    assert_ne!(ids(1)[0], ids(1)[1]);
    assert_eq!(reply(&emulator(), &get("/v1/pods")).header("x-request-id"), None);
}

#[test]
fn quotas_are_announced_to_whoever_is_known_and_enforced() {
    let emulator = emulator();
    assert_eq!(reply(&emulator, &get("/v2/pods")).header("ratelimit"), None, "off");
    emulator.set_quota(QuotaProfile::Documented);
    let unknown = reply(&emulator, &without("authorization", get("/v2/pods")));
    assert_eq!(unknown.header("ratelimit"), None);
    let last = (0..60).map(|_| reply(&emulator, &get("/v2/nowhere"))).last().expect("60 answers");
    assert_eq!(last.status, 404);
    assert!(last.header("ratelimit").is_some_and(|limit| limit.starts_with(r#""minute";r=0;t=60, "#)));
    assert!(last.header("ratelimit-policy").is_some_and(|policy| policy.starts_with(r#""minute";q=60;w=60, "#)));
    let refused = reply(&emulator, &get("/v2/pods"));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(json_of(&refused)["detail"], "rate limit exceeded for the minute window");
    let later = emulator.handle(&get("/v2/pods"), START + SignedDuration::from_secs(60));
    assert!(matches!(later.outcome, Outcome::Reply(Reply { status: 200, .. })));
}

#[test]
fn a_retired_v1_says_so_before_it_asks_who_is_there() {
    let emulator = emulator_with(Settings { v1_retired: true, ..Settings::default() });
    let nobody = without("authorization", without("user-agent", get("/v1/pods")));
    let retired = reply(&emulator, &nobody);
    assert_eq!(retired.status, 410);
    assert_eq!(json_of(&retired), json!({ "error": "REST API v1 has been retired", "status": 410 }));
    assert_eq!(reply(&emulator, &get("/v2/pods")).status, 200);
}

#[test]
fn a_fault_before_the_effect_leaves_the_world_alone_and_one_after_does_not() {
    for (effect, status, created) in [
        ("status: { code: 503 }", Some(503), 0),
        ("statusAfterEffect: { code: 500 }", Some(500), 1),
        ("resetBeforeEffect: true", None, 0),
        ("resetAfterEffect: true", None, 1),
        ("garbage: {}", Some(502), 0),
        ("rateLimited: { retryAfter: 7 }", Some(429), 0),
        ("cloudflare1010: true", Some(403), 0),
        ("truncate: { bytes: 5 }", Some(201), 1),
        ("truncate: { bytes: 5, hangUp: true }", Some(201), 1),
        ("noCapacity: true", Some(400), 0),
        ("ghost: true", Some(400), 1),
    ] {
        let emulator =
            emulator_with_faults(&format!("[{{ match: {{ operation: createPod }}, effect: {{ {effect} }} }}]"));
        let outcome = emulator.handle(&create_pod(), START).outcome;
        match &outcome {
            Outcome::Reply(reply) | Outcome::Cut(reply, 5) => assert_eq!(Some(reply.status), status, "{effect}"),
            Outcome::Reset => assert_eq!(status, None, "{effect}"),
            Outcome::Cut(..) => panic!("{effect}: cut elsewhere"),
        }
        assert_eq!(matches!(outcome, Outcome::Cut(..)), effect.contains("hangUp"), "{effect}");
        assert_eq!(pods(&emulator), created, "{effect}");
        let journal = emulator.journal(0);
        assert_eq!((journal[0].status, journal[0].fault), (status, Some(1)), "{effect}");
        assert_eq!(journal[0].touched.len(), created, "{effect}");
    }
}

#[test]
fn substituted_answers_look_like_what_they_imitate() {
    let answer =
        |effect: &str, path: &str| reply(&emulator_with_faults(&format!("[{{ effect: {effect} }}]")), &get(path));
    let status = answer("{ status: { code: 503 } }", "/v2/pods");
    assert_eq!(status.header("content-type"), Some("application/problem+json"));
    assert_eq!(json_of(&status)["title"], "Service Unavailable");
    assert_eq!(json_of(&answer("{ status: { code: 503 } }", "/v1/pods"))["status"], 503);
    assert_eq!(
        json_of(&answer("{ status: { code: 500, body: { error: oops } } }", "/v2/pods")),
        json!({ "error": "oops" })
    );
    let page = answer("{ garbage: { code: 520 } }", "/v2/pods");
    assert_eq!((page.status, page.header("content-type")), (520, Some("text/html")));
    assert_eq!(answer("{ rateLimited: { retryAfter: 7 } }", "/v2/pods").header("retry-after"), Some("7"));
    assert_eq!(answer("{ rateLimited: {} }", "/v2/pods").header("retry-after"), None);
    let short = answer("{ truncate: { bytes: 5 } }", "/v2/pods");
    assert_eq!((short.status, short.body.len()), (200, 5));
}

/// An emulator with one running pod, its id, and faults that concern whatever comes next.
fn emulator_with_pod(effect: &str) -> (Emulator, String) {
    let emulator = emulator();
    reply(&emulator, &create_pod());
    let id = emulator.journal(0)[0].touched[0].clone();
    emulator.set_faults(faults::parse(&format!("[{{ effect: {effect} }}]"), "test").expect("valid rules"));
    (emulator, id)
}

/// Sends a request `seconds` after the start.
fn later(emulator: &Emulator, seconds: i64, request: &Request) -> Reply {
    match emulator.handle(request, START + SignedDuration::from_secs(seconds)).outcome {
        Outcome::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

fn action(id: &str, action: &str) -> Request {
    request(Method::Post, &format!("/v2/pods/{id}/action"), Some(json!({ "action": action })))
}

#[test]
fn a_fresh_pod_can_be_out_of_sight_for_a_while() {
    let emulator = emulator_with_faults(
        "[{ match: { operation: createPod }, effect: { notFoundAfterCreate: {}, listLag: { appear: 20 } } }]",
    );
    let id = json_of(&reply(&emulator, &create_pod()))["id"].as_str().expect("an id").to_owned();
    let read = get(&format!("/v2/pods/{id}"));
    assert_eq!([5, 9].map(|seconds| later(&emulator, seconds, &read).status), [404, 200]);
    let listed = |seconds| json_of(&later(&emulator, seconds, &get("/v2/pods")))["pods"].as_array().map(Vec::len);
    assert_eq!([10, 21].map(listed), [Some(0), Some(1)]);
}

#[test]
fn a_delete_can_be_slow_or_ignored() {
    let delete = |id: &str| request(Method::Delete, &format!("/v2/pods/{id}"), None);
    let (emulator, id) = emulator_with_pod("{ deleteIgnored: true }");
    assert_eq!(later(&emulator, 5, &delete(&id)).status, 204);
    assert_eq!(later(&emulator, 90, &get(&format!("/v2/pods/{id}"))).status, 200);

    let (emulator, id) = emulator_with_pod("{ deleteSlow: { seconds: 30 } }");
    assert_eq!(later(&emulator, 5, &delete(&id)).status, 204);
    assert_eq!(json_of(&later(&emulator, 20, &get(&format!("/v2/pods/{id}"))))["status"], "TERMINATED");
    assert_eq!(later(&emulator, 40, &get(&format!("/v2/pods/{id}"))).status, 404);

    let (emulator, id) = emulator_with_pod("{ listLag: { disappear: 30 } }");
    assert_eq!(later(&emulator, 5, &delete(&id)).status, 204);
    emulator.set_faults(Vec::new());
    let listed = |seconds| json_of(&later(&emulator, seconds, &get("/v2/pods")))["pods"].as_array().map(Vec::len);
    assert_eq!([20, 40].map(listed), [Some(1), Some(0)]);
}

#[test]
fn a_start_can_be_refused_or_come_back_without_its_gpu() {
    for (effect, status, gpu) in [("{ resumeRefused: true }", "EXITED", true), ("{ zeroGpu: true }", "RUNNING", false)]
    {
        let (emulator, id) = emulator_with_pod(effect);
        assert_eq!(later(&emulator, 5, &action(&id, "stop")).status, 200);
        let started = later(&emulator, 20, &action(&id, "start"));
        assert_eq!(started.status, if status == "EXITED" { 400 } else { 200 }, "{effect}");
        let pod = json_of(&later(&emulator, 60, &get(&format!("/v2/pods/{id}"))));
        assert_eq!((&pod["status"], pod.get("gpu").is_some()), (&json!(status), gpu), "{effect}");
    }
}

#[test]
fn an_update_can_be_dropped_in_part_or_shown_late() {
    let patch = |id: &str| {
        let changes = json!({ "name": "renamed", "ports": ["22/tcp"] });
        request(Method::Patch, &format!("/v2/pods/{id}"), Some(changes))
    };
    let (emulator, id) = emulator_with_pod("{ patchDropsField: ports }");
    assert_eq!(later(&emulator, 5, &patch(&id)).status, 200);
    let pod = json_of(&later(&emulator, 60, &get(&format!("/v2/pods/{id}"))));
    assert_eq!((&pod["name"], &pod["ports"]), (&json!("renamed"), &json!([])));

    let (emulator, id) = emulator_with_pod("{ staleRead: { seconds: 30 } }");
    later(&emulator, 5, &patch(&id));
    let name = |seconds| json_of(&later(&emulator, seconds, &get(&format!("/v2/pods/{id}"))))["name"].clone();
    assert_eq!([20, 60].map(name), ["trainer", "renamed"]);
}

#[test]
fn answers_can_hold_more_or_less_than_is_documented() {
    let members = |effect: &str| {
        let (emulator, id) = emulator_with_pod(effect);
        let pod = json_of(&later(&emulator, 5, &get(&format!("/v2/pods/{id}"))));
        pod.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    let usual = members("{ status: { code: 200, body: {} } }");
    assert!(usual.is_empty(), "a status can replace a good answer too");
    let usual = members("{ latency: { seconds: 0 } }");
    let fewer = members("{ missingMembers: [mounts, cost] }");
    assert_eq!(usual.iter().filter(|member| !fewer.contains(member)).collect::<Vec<_>>(), ["cost", "mounts"]);
    assert!(members("{ extraMembers: true }").len() > usual.len());
}

#[test]
fn a_scenario_is_accepted_wherever_a_fault_file_is() {
    let options = |faults: &str| EmulatorOptions { faults: Some(faults.into()), ..EmulatorOptions::default() };
    let statuses = |scenario: &str, path: &str| {
        let (emulator, _) = options(scenario).open().expect("a scenario");
        (0..6).map(|_| reply(&emulator, &get(path)).status).collect::<Vec<_>>()
    };
    assert_eq!(statuses("storm", "/v2/pods"), [200, 200, 429, 200, 200, 429]);
    assert_eq!(statuses("v1-retired", "/v1/pods"), [410; 6]);
    assert_eq!(statuses("v1-retired", "/v2/pods"), [200; 6]);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("faults.yaml");
    std::fs::write(&path, "- effect: { status: { code: 503 } }\n").expect("written");
    assert_eq!(statuses(path.to_str().expect("text"), "/v2/pods"), [503; 6]);
    assert!(matches!(options("no-such-scenario").open(), Err(OpenError::Faults(_))));
}

#[test]
fn a_fault_finds_a_pod_by_the_name_that_it_has() {
    let emulator =
        emulator_with_faults("[{ match: { operation: getPod, pod: 'train*' }, effect: { status: { code: 503 } } }]");
    let created = json_of(&reply(&emulator, &create_pod()));
    let id = created["id"].as_str().expect("an id");
    assert_eq!(reply(&emulator, &get(&format!("/v2/pods/{id}"))).status, 503);
    assert_eq!(reply(&emulator, &get("/v2/pods/other")).status, 404);
}

#[test]
fn the_journal_tells_what_was_sent_but_no_credential_and_no_secret() {
    let emulator = emulator();
    let secret = json!({ "name": "token", "value": "hunter2" });
    reply(&emulator, &request(Method::Post, "/v2/account/secrets", Some(secret)));
    reply(&emulator, &get("/v2/pods?limit=5"));
    let journal = emulator.journal(0);
    assert_eq!(journal[1].path, "/v2/pods?limit=5");
    assert_eq!((journal[0].changes_world(), journal[1].changes_world()), (true, false));
    let text = serde_json::to_string(&journal).expect("JSON") + &format!("{journal:?}");
    assert!(!text.contains("hunter2") && !text.contains("rpa_test"), "{text}");
    assert_eq!(emulator.journal(1).len(), 1);
}

fn in_process(emulator: Emulator) -> (Arc<Emulator>, InProcess) {
    let emulator = Arc::new(emulator);
    (emulator.clone(), InProcess::new(emulator, Clock::starting_at(START)))
}

#[tokio::test(start_paused = true)]
async fn latency_passes_in_simulated_time_on_its_side_of_the_effect() {
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
async fn a_request_that_nobody_waits_for_any_more_still_takes_effect() {
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
    assert_eq!(transport.origin(), "sandbox");
}

/// A server on a port of its own, gone when the test ends.
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
        let reply = self.call(method, path).body(body.to_string()).send().await.expect("a reply");
        assert_eq!(reply.status(), 200, "{path}");
        serde_json::from_slice(&reply.bytes().await.expect("a body")).expect("JSON")
    }
}

#[tokio::test]
async fn a_client_over_http_meets_the_same_api() {
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
async fn a_cut_answer_over_http_breaks_within_its_body() {
    let (_, server) =
        Server::start(emulator_with_faults("[{ effect: { truncate: { bytes: 5, hangUp: true } } }]")).await;
    let body = match server.call(Method::Get, "/v2/pods").send().await {
        Ok(reply) => reply.bytes().await,
        Err(error) => Err(error),
    };
    assert!(body.is_err(), "{body:?}");
}

#[tokio::test]
async fn control_calls_change_the_world_behind_the_clients_back() {
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
async fn a_control_call_that_makes_no_sense_is_refused_and_changes_nothing() {
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

fn options(folder: &std::path::Path) -> EmulatorOptions {
    EmulatorOptions { world: Some(folder.join("world.json")), ..EmulatorOptions::default() }
}

#[test]
fn a_world_outlives_its_emulator_and_its_file_is_the_same_on_every_day() {
    let text = || {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options(folder.path());
        let (emulator, start) = options.open().expect("a new world");
        assert_eq!(start, START);
        let created = json_of(&reply(&emulator, &create_pod()));
        drop(emulator);
        let path = options.world.clone().expect("a path");
        let text = std::fs::read_to_string(&path).expect("a saved world");

        let (emulator, reopened) = options.open().expect("the same world");
        assert!(reopened > START, "time went on");
        let Outcome::Reply(listed) = emulator.handle(&get("/v2/pods"), reopened).outcome else { panic!("no reply") };
        assert_eq!(json_of(&listed)["pods"][0]["id"], created["id"]);
        drop(emulator);
        assert_eq!(std::fs::read_to_string(&path).expect("still there"), text, "reading leaves no trace");
        text
    };
    assert_eq!(text(), text());
}

#[test]
fn a_change_is_in_the_file_before_its_answer_is_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(folder.path());
    let (emulator, _) = options.open().expect("a new world");
    reply(&emulator, &get("/v2/pods"));
    assert!(!folder.path().join("world.json").exists(), "nothing changed yet");
    reply(&emulator, &create_pod());
    let text = std::fs::read_to_string(folder.path().join("world.json")).expect("saved at once");
    assert!(text.contains("\"trainer\"") && text.ends_with("}\n"));
    drop(emulator);
}

#[test]
fn two_emulators_do_not_share_a_world_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, _) = options(folder.path()).open().expect("a new world");
    let refused = options(folder.path()).open().map(|_| ()).expect_err("in use");
    assert!(matches!(refused, OpenError::World(sandbox::SandboxError::Locked { .. })), "{refused}");
    drop(emulator);
    options(folder.path()).open().expect("free again");
}

#[test]
fn a_world_file_that_cannot_be_read_is_refused_and_left_as_it_is() {
    for (text, expected) in
        [("{", "not an emulated world"), (r#"{"format": 9}"#, "has format 9"), (r#"{"format": 1}"#, "not an")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("world.json");
        std::fs::write(&path, text).expect("written");
        let error = options(folder.path()).open().map(|_| ()).expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(std::fs::read_to_string(&path).expect("still there"), text);
    }
}

#[test]
fn a_server_takes_up_a_world_no_earlier_than_it_is_told() {
    let later = START + SignedDuration::from_hours(1000);
    let (emulator, start) = EmulatorOptions { not_before: Some(later), ..Default::default() }.open().expect("a world");
    assert_eq!(start, later);
    assert!(emulator.now() >= later);
}
