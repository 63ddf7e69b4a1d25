//! Tests of the world over sequences of calls, in both dialects.

mod account;
mod bookkeeping;
mod endpoint_workers;
mod endpoints;
mod faults;
mod growth;
mod objects;
mod rules;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::dialect::call::{ApiVersion, Call};
use crate::emulator::dialect::routes::{operations, routes};
use crate::emulator::rules::tweaks::Tweaks;
use crate::emulator::state::events::PodEvent;
use crate::emulator::state::settings::{Fidelity, Settings};
use crate::emulator::state::world::World;

/// A world with a clock and shorthands for calls.
struct Bench {
    world: World,
    now: Timestamp,
}

/// Status and body.
type Got = (u16, Value);

impl Bench {
    fn new(settings: Settings) -> Self {
        let now = "2026-01-01T00:00:00Z".parse().expect("a valid time");
        Self { world: World::new(settings, now), now }
    }

    fn observed() -> Self {
        Self::new(Settings::default())
    }

    fn documented() -> Self {
        Self::new(Settings { fidelity: Fidelity::Documented, ..Settings::default() })
    }

    fn pass(&mut self, millis: i64) {
        self.now = self.now.checked_add(SignedDuration::from_millis(millis)).expect("within time");
    }

    fn send(&mut self, call: Call) -> Got {
        let answer = self.world.answer(&call, self.now);
        let body = if answer.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&answer.body).expect("answers are JSON")
        };
        (answer.status, body)
    }

    fn create(&mut self, body: Value) -> String {
        let (status, body) = self.send(v2("createPod").body(body));
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().expect("an id").to_owned()
    }

    fn get(&mut self, id: &str) -> Got {
        self.send(v2("getPod").id(id))
    }

    fn act(&mut self, id: &str, action: &str) -> Got {
        self.act_with(id, action, Tweaks::default())
    }

    fn act_with(&mut self, id: &str, action: &str, tweaks: Tweaks) -> Got {
        self.send(v2("podAction").id(id).body(json!({ "action": action })).tweaks(tweaks))
    }

    fn patch(&mut self, id: &str, body: Value) -> Got {
        self.send(v2("updatePod").id(id).body(body))
    }

    fn listed(&mut self, call: Call) -> Vec<String> {
        let (_, body) = self.send(call);
        let pods = body["pods"].as_array().expect("a list of pods");
        pods.iter().map(|pod| pod["id"].as_str().expect("an id").to_owned()).collect()
    }

    fn create_volume(&mut self, center: &str) -> String {
        let body = json!({ "name": "data", "size": 50, "dataCenter": center });
        let (status, body) = self.send(v2("createNetworkVolume").body(body));
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().expect("an id").to_owned()
    }

    fn saved(&self) -> String {
        serde_json::to_string_pretty(&self.world).expect("a world can be saved")
    }
}

fn v2(operation: &'static str) -> Call {
    Call::new(ApiVersion::V2, operation)
}

fn v1(operation: &'static str) -> Call {
    Call::new(ApiVersion::V1, operation)
}

const GPU: &str = "NVIDIA GeForce RTX 4090";

fn pod(name: &str) -> Value {
    json!({
        "name": name,
        "image": "runpod/pytorch:1",
        "disk": 50,
        "gpu": { "id": GPU, "count": 1 },
        "ports": ["8888/http", "22/tcp"],
        "env": { "LEVEL": "info" },
        "mounts": { "persistent": { "size": 20, "path": "/workspace" } },
    })
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn without(mut body: Value, member: &str) -> Value {
    body.as_object_mut().expect("an object").remove(member);
    body
}

#[test]
fn an_action_is_accepted_only_if_the_pod_lists_it() {
    let moments = [("PROVISIONING", 0, ""), ("STARTING", 300, ""), ("RUNNING", 3000, ""), ("EXITED", 3000, "stop")];
    let actions = ["start", "stop", "restart", "terminate"];
    for action in actions {
        for (status, wait, first) in moments {
            let mut bench = Bench::documented();
            let id = bench.create(pod("a"));
            bench.pass(wait);
            if !first.is_empty() {
                bench.act(&id, first);
            }
            check_action(&mut bench, &id, status, action);
        }
        let mut bench = Bench::documented();
        let id = bench.create(with(pod("a"), "image", json!("emulator/fail")));
        bench.pass(3000);
        check_action(&mut bench, &id, "ERROR", action);

        let mut bench = Bench::documented();
        let id = bench.create(pod("a"));
        let slow = Tweaks { delete_slow_seconds: Some(60), ..Tweaks::default() };
        bench.send(v2("deletePod").id(&id).tweaks(slow));
        let (_, body) = bench.get(&id);
        assert_eq!((&body["status"], &body["actions"]), (&json!("TERMINATED"), &json!([])));
        assert_eq!(bench.act(&id, action).0, 404);
    }
}

fn check_action(bench: &mut Bench, id: &str, status: &str, action: &str) {
    let (_, body) = bench.get(id);
    assert_eq!(body["status"], status);
    // Contract, section 3.7.
    let actions: &[&str] = match status {
        "RUNNING" => &["stop", "restart", "terminate"],
        "EXITED" | "ERROR" => &["start", "terminate"],
        _ => &["stop", "terminate"],
    };
    assert_eq!(body["actions"], json!(actions), "{status}");
    let listed = actions.contains(&action);
    let (code, body) = bench.act(id, action);
    let expected = match (listed, action) {
        (false, _) => 409,
        (true, "terminate") => 204,
        (true, _) => 200,
    };
    assert_eq!(code, expected, "{action} at {status}: {body}");
}

#[test]
fn the_same_seed_and_calls_give_the_same_answers_even_after_a_save() {
    let run = |seed: u64, save: bool| {
        let mut bench = Bench::new(Settings {
            seed,
            pace: crate::emulator::state::settings::BootPace::Realistic,
            ..Settings::default()
        });
        let mut answers = Vec::new();
        let first = bench.create(pod("a"));
        if save {
            bench.world = serde_json::from_str(&bench.saved()).expect("a saved world loads");
        }
        let second = bench.create(pod("b"));
        for _ in 0..3 {
            bench.pass(60_000);
            answers.push(bench.get(&first));
            answers.push(bench.act(&second, "stop"));
            answers.push(bench.act(&second, "start"));
            answers.push(bench.send(v2("listPods")));
        }
        answers
    };
    assert_eq!(run(1, false), run(1, true));
    assert_ne!(run(1, false), run(2, false));
}

/// World files of format 1 use these names, which can differ from the names of the fields.
#[test]
fn a_saved_world_keeps_the_names_of_its_format() {
    let mut bench = Bench::observed();
    let gone = bench.create(pod("gone"));
    bench.act(&gone, "terminate");
    let volume = bench.create_volume("US-CA-2");
    bench.send(v2("deleteNetworkVolume").id(&volume));
    let id = bench.create(pod("a"));
    bench.pass(5000);
    let stale = Tweaks { stale_read_seconds: Some(30), ..Tweaks::default() };
    bench.send(v2("updatePod").id(&id).body(json!({ "name": "b" })).tweaks(stale));
    let maintenance = PodEvent::Maintenance { starts_in: 60, seconds: 60 };
    bench.world.pod_event(&id, &maintenance, bench.now).expect("maintenance");
    let saved: Value = serde_json::from_str(&bench.saved()).expect("JSON");
    for pointer in [
        "/dice",
        "/departedPods/0/item/id",
        "/departedVolumes/0/item/id",
        "/due/0/happening",
        "/ledger/broke",
        "/pods/0/phase/started/fate",
        "/pods/0/shadow/pod",
    ] {
        assert!(saved.pointer(pointer).is_some_and(|value| !value.is_null()), "{pointer} in {saved:#}");
    }
}

#[test]
fn reads_do_not_change_the_saved_world() {
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    let before = bench.saved();
    bench.pass(100_000);
    let all = routes(ApiVersion::V1).chain(routes(ApiVersion::V2));
    for operation in all.filter(|route| !route.changes_world()).map(|route| route.operation) {
        for dialect in [ApiVersion::V1, ApiVersion::V2] {
            bench.send_any(Call::new(dialect, operation).id(&id));
        }
    }
    assert_eq!(bench.saved(), before);
}

impl Bench {
    /// For responses that may not be JSON.
    fn send_any(&mut self, call: Call) -> u16 {
        self.world.answer(&call, self.now).status
    }
}

#[test]
fn both_dialects_show_the_same_pod() {
    let mut bench = Bench::observed();
    let volume = bench.create_volume("US-CA-2");
    let mount = json!({ "network": [{ "volumeId": volume, "path": "/data" }] });
    let ids = [
        bench.create(with(pod("a"), "cmd", json!(["x", "y z"]))),
        bench.create(with(pod("b"), "mounts", mount)),
        bench.create(
            json!({ "name": "c", "image": "i", "disk": 20, "cpu": { "id": "cpu5c", "vcpuCount": 8 }, "ports": [] }),
        ),
    ];
    for wait in [0, 5000] {
        bench.pass(wait);
        for id in &ids {
            let (_, two) = bench.get(id);
            let (_, one) = bench.send(v1("getPod").id(id).query("includeMachine", true));
            let pairs = [
                ("name", "/name", "/name"),
                ("image", "/imageName", "/image"),
                ("entrypoint", "/dockerEntrypoint", "/entrypoint"),
                ("command", "/dockerStartCmd", "/cmd"),
                ("disk", "/containerDiskInGb", "/disk"),
                ("ports", "/ports", "/ports"),
                ("env", "/env", "/env"),
                ("cost", "/costPerHr", "/cost"),
                ("locked", "/locked", "/locked"),
                ("status", "/desiredStatus", "/status"),
                ("center", "/machine/dataCenterId", "/dataCenterId"),
                ("address", "/publicIp", "/ssh/direct/host"),
                ("port", "/portMappings/22", "/ssh/direct/port"),
                ("gpus", "/gpuCount", "/gpu/count"),
                ("pod volume", "/volumeInGb", "/mounts/persistent/size"),
                ("network volume", "/networkVolumeId", "/mounts/network/0/volumeId"),
            ];
            for (what, in_v1, in_v2) in pairs {
                // v1 shows an empty value where v2 omits the member.
                let empty = [None, Some(&Value::Null), Some(&json!("")), Some(&json!(0))];
                let (one, two) = (one.pointer(in_v1), two.pointer(in_v2));
                if !(empty.contains(&one) && empty.contains(&two)) && what != "address" {
                    assert_eq!(one, two, "{what} of {id} after {wait} ms");
                }
            }
        }
    }
}

#[test]
fn thousands_of_pods_are_listed_page_by_page() {
    let mut bench = Bench::observed();
    let count = 3000;
    for number in 0..count {
        bench.create(pod(&format!("p{number}")));
    }
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, None::<String>);
    loop {
        let mut call = v2("listPods").query("limit", 1000);
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let (_, body) = bench.send(call);
        pages += 1;
        seen.extend(body["pods"].as_array().into_iter().flatten().map(|pod| pod["name"].to_string()));
        if body["pagination"]["hasNextPage"] == false {
            break;
        }
        // A pod created in between is on no later page.
        bench.create(pod("late"));
        cursor = body["pagination"]["nextCursor"].as_str().map(str::to_owned);
    }
    let expected: Vec<String> = (0..count).rev().map(|number| format!("\"p{number}\"")).collect();
    assert_eq!(seen, expected, "newest first, each once");
    assert_eq!(pages, 3, "a full last page has no next page");
}

#[test]
fn a_cursor_is_valid_only_for_its_own_list() {
    let mut bench = Bench::observed();
    for name in ["a", "b", "c"] {
        bench.create(pod(name));
    }
    let (_, page) = bench.send(v2("listPods").query("limit", 1));
    let cursor = page["pagination"]["nextCursor"].as_str().expect("a second page").to_owned();
    let with_cursor = |limit: u32, cursor: &str| v2("listPods").query("limit", limit).query("cursor", cursor);
    assert_eq!(bench.send(with_cursor(1, &cursor)).0, 200);
    for call in [with_cursor(2, &cursor), with_cursor(1, "made up"), v2("listPods").query("limit", "x")] {
        assert_eq!(bench.send(call).0, 422);
    }
}

#[test]
fn an_earlier_time_counts_as_no_time_passed() {
    let mut bench = Bench::observed();
    let first = bench.create(pod("a"));
    bench.pass(60_000);
    bench.create(pod("b"));
    let (before, account) = (bench.get(&first), bench.world.account(bench.now));
    bench.pass(-3_600_000);
    assert_eq!((bench.get(&first), bench.world.account(bench.now)), (before, account));
}
