//! Every fault, as a client sees it.

use jiff::SignedDuration;
use serde_json::json;
use sindri::emulator::{DeliveryResult, Emulator, EmulatorOptions, OpenError, faults};
use sindri::transport::{Method, Reply, Request};

use crate::support::*;

#[test]
fn a_fault_before_the_effect_prevents_it_and_one_after_does_not() {
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
            DeliveryResult::Reply(reply) | DeliveryResult::Cut(reply, 5) => {
                assert_eq!(Some(reply.status), status, "{effect}")
            }
            DeliveryResult::Reset => assert_eq!(status, None, "{effect}"),
            DeliveryResult::Cut(..) => panic!("{effect}: cut elsewhere"),
        }
        assert_eq!(matches!(outcome, DeliveryResult::Cut(..)), effect.contains("hangUp"), "{effect}");
        assert_eq!(pods(&emulator), created, "{effect}");
        let journal = emulator.journal(0);
        assert_eq!((journal[0].status, journal[0].fault), (status, Some(1)), "{effect}");
        assert_eq!(journal[0].touched.len(), created, "{effect}");
    }
}

#[test]
fn substituted_answers_look_like_the_real_ones() {
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

/// An emulator with one running pod and a fault for all later requests. Also returns the id of the pod.
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
        DeliveryResult::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

fn action(id: &str, action: &str) -> Request {
    request(Method::Post, &format!("/v2/pods/{id}/action"), Some(json!({ "action": action })))
}

#[test]
fn a_new_pod_can_be_invisible_for_a_while() {
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
fn a_start_can_be_refused_or_return_without_its_gpu() {
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
fn an_update_can_be_partly_ignored_or_shown_late() {
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
fn answers_can_have_more_or_fewer_members_than_documented() {
    let members = |effect: &str| {
        let (emulator, id) = emulator_with_pod(effect);
        let pod = json_of(&later(&emulator, 5, &get(&format!("/v2/pods/{id}"))));
        pod.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    let usual = members("{ status: { code: 200, body: {} } }");
    assert!(usual.is_empty(), "a successful status can also replace an answer");
    let usual = members("{ latency: { seconds: 0 } }");
    let fewer = members("{ missingMembers: [mounts, cost] }");
    assert_eq!(usual.iter().filter(|member| !fewer.contains(member)).collect::<Vec<_>>(), ["cost", "mounts"]);
    assert!(members("{ extraMembers: true }").len() > usual.len());
}

#[test]
fn scenarios_and_fault_files_are_interchangeable() {
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
fn a_rule_matches_a_pod_by_its_current_name() {
    let emulator =
        emulator_with_faults("[{ match: { operation: getPod, pod: 'train*' }, effect: { status: { code: 503 } } }]");
    let created = json_of(&reply(&emulator, &create_pod()));
    let id = created["id"].as_str().expect("an id");
    assert_eq!(reply(&emulator, &get(&format!("/v2/pods/{id}"))).status, 503);
    assert_eq!(reply(&emulator, &get("/v2/pods/other")).status, 404);
}

fn pod_after(emulator: &Emulator, seconds: i64, id: &str) -> serde_json::Value {
    json_of(&later(emulator, seconds, &get(&format!("/v2/pods/{id}"))))
}

/// An emulator whose only pod was created with this effect. Also returns the id of the pod.
fn emulator_creating_with(effect: &str) -> (Emulator, String) {
    let emulator =
        emulator_with_faults(&format!("[{{ match: {{ operation: createPod, nth: 1 }}, effect: {effect} }}]"));
    let id = json_of(&reply(&emulator, &create_pod()))["id"].as_str().expect("an id").to_owned();
    (emulator, id)
}

#[test]
fn a_pod_can_be_preempted_some_time_after_its_create() {
    let (emulator, id) = emulator_creating_with("{ preempt: { seconds: 60 } }");
    assert_eq!([50, 61].map(|seconds| pod_after(&emulator, seconds, &id)["status"].clone()), ["RUNNING", "EXITED"]);
    assert_eq!(later(&emulator, 70, &action(&id, "start")).status, 200);
    assert_eq!(pod_after(&emulator, 500, &id)["status"], "RUNNING", "once");
}

#[test]
fn the_spot_scenario_preempts_all_spot_pods_and_no_others() {
    let emulator = emulator();
    emulator.set_faults(faults::scenario("spot").expect("a scenario"));
    let create = |name: &str, interruptible: bool| {
        let body = json!({ "name": name, "imageName": "x:1", "interruptible": interruptible });
        let pod = json_of(&reply(&emulator, &request(Method::Post, "/v1/pods", Some(body))));
        pod["id"].as_str().expect("an id").to_owned()
    };
    let ids = [("spot", true), ("another", true), ("on demand", false)].map(|(name, spot)| create(name, spot));
    let statuses =
        |seconds| ids.each_ref().map(|id| pod_after(&emulator, seconds, id)["status"].as_str().map(str::to_owned));
    assert_eq!(statuses(290).map(Option::unwrap), ["RUNNING"; 3]);
    assert_eq!(statuses(301).map(Option::unwrap), ["EXITED", "EXITED", "RUNNING"]);
}

#[test]
fn a_container_can_be_in_a_crash_loop_while_its_pod_is_running() {
    let (emulator, id) = emulator_creating_with("{ crashLoop: true }");
    let uptimes: Vec<i64> = (10..60)
        .step_by(5)
        .map(|seconds| {
            let pod = pod_after(&emulator, seconds, &id);
            assert_eq!(pod["status"], "RUNNING");
            pod["runtime"]["uptime"].as_i64().expect("it is up")
        })
        .collect();
    assert!(uptimes.windows(2).filter(|pair| pair[1] < pair[0]).count() >= 2, "{uptimes:?}");
}

#[test]
fn a_host_can_be_down_while_its_pod_shows_running() {
    let (emulator, id) = emulator_with_pod("{ hostDown: { seconds: 60 } }");
    later(&emulator, 10, &get(&format!("/v2/pods/{id}")));
    emulator.set_faults(Vec::new());
    let [down, up] = [20, 80].map(|seconds| pod_after(&emulator, seconds, &id));
    assert_eq!((&down["status"], down["runtime"].is_null()), (&json!("RUNNING"), true));
    assert_eq!((&up["status"], up["runtime"].is_null()), (&json!("RUNNING"), false));
}

#[test]
fn maintenance_is_announced_by_v1_and_stops_the_pod_free_of_charge() {
    let (emulator, id) = emulator_creating_with("{ maintenance: { startsIn: 60, seconds: 600 } }");
    let machine = |seconds| {
        let pod = json_of(&later(&emulator, seconds, &get(&format!("/v1/pods/{id}?includeMachine=true"))));
        (pod["desiredStatus"].clone(), pod["machine"]["maintenanceStart"].clone())
    };
    assert_eq!(machine(30), (json!("RUNNING"), json!("2026-01-01T00:01:00Z")));
    assert_eq!(machine(90).0, "EXITED");
    let spent = || emulator.modify(|world, now| world.account(now).hourly);
    assert_eq!(spent(), 0.0);
    assert_eq!(later(&emulator, 100, &action(&id, "start")).status, 400, "not before the maintenance is over");
    assert_eq!(machine(700), (json!("RUNNING"), json!(null)));
    assert!(spent() > 0.0);
}

#[test]
fn a_migrated_pod_has_another_id_and_the_same_name() {
    let (emulator, id) = emulator_creating_with("{ migrate: { seconds: 30 } }");
    assert_eq!([20, 40].map(|seconds| later(&emulator, seconds, &get(&format!("/v2/pods/{id}"))).status), [200, 404]);
    let pods = json_of(&later(&emulator, 40, &get("/v2/pods")));
    assert_eq!((&pods["pods"][0]["name"], pods["pods"].as_array().map(Vec::len)), (&json!("trainer"), Some(1)));
    assert_ne!(pods["pods"][0]["id"], json!(id));
}

#[test]
fn an_empty_balance_deletes_the_pods_and_refuses_new_ones() {
    let (emulator, id) = emulator_creating_with("{ balance: 0.01 }");
    assert_eq!(pod_after(&emulator, 10, &id)["status"], "RUNNING");
    assert_eq!(later(&emulator, 3600, &get(&format!("/v2/pods/{id}"))).status, 404);
    assert_eq!(later(&emulator, 3600, &create_pod()).status, 402);

    let emulator = crate::support::emulator();
    emulator.set_faults(faults::scenario("broke").expect("a scenario"));
    let statuses = [(); 4].map(|()| reply(&emulator, &create_pod()).status);
    assert_eq!(statuses, [201, 201, 201, 402]);
}

#[test]
fn a_command_can_be_returned_in_another_form() {
    let shown = |echo: &str| {
        let emulator =
            emulator_with_faults(&format!("[{{ match: {{ method: GET }}, effect: {{ echoArgs: {echo} }} }}]"));
        let mut create = create_pod();
        let mut body: serde_json::Value =
            serde_json::from_slice(create.body.as_deref().expect("a body")).expect("JSON");
        body["args"] = json!("python 'a b.py'");
        create.body = Some(body.to_string().into());
        let id = json_of(&reply(&emulator, &create))["id"].as_str().expect("an id").to_owned();
        let pod = pod_after(&emulator, 5, &id);
        (pod["args"].clone(), pod["cmd"].clone())
    };
    assert_eq!(shown("verbatim"), (json!("python 'a b.py'"), json!(null)));
    assert_eq!(shown("reserialized"), (json!(r#"{"cmd":["python","a b.py"]}"#), json!(null)));
    assert_eq!(shown("split"), (json!(""), json!(["python", "a b.py"])));
}

#[test]
fn a_status_can_be_undocumented() {
    let (emulator, id) = emulator_with_pod("{ newStatus: PAUSED }");
    assert_eq!(pod_after(&emulator, 5, &id)["status"], "PAUSED");
    assert_eq!(json_of(&later(&emulator, 5, &get("/v2/pods")))["pods"][0]["status"], "PAUSED");
    let v1 = json_of(&later(&emulator, 5, &get(&format!("/v1/pods/{id}"))));
    assert_eq!(v1["desiredStatus"], "PAUSED");
}

#[test]
fn every_create_can_fail_for_a_while() {
    let emulator =
        emulator_with_faults("[{ match: { operation: createPod, times: 2 }, effect: { objectMountsBug: true } }]");
    let answers = [(); 3].map(|()| reply(&emulator, &create_pod()));
    assert_eq!(answers.each_ref().map(|reply| reply.status), [400, 400, 201]);
    assert!(json_of(&answers[0])["detail"].as_str().is_some_and(|text| text.contains("objectMounts")));
    assert_eq!(pods(&emulator), 1);
}

#[test]
fn a_create_can_meet_a_pod_of_the_same_name() {
    let (emulator, id) = emulator_creating_with("{ duplicateName: true }");
    let listed = json_of(&reply(&emulator, &get("/v2/pods")));
    let rows = listed["pods"].as_array().expect("a list");
    assert_eq!(rows.iter().map(|row| &row["name"]).collect::<Vec<_>>(), ["trainer", "trainer"]);
    assert_eq!(rows.iter().filter(|row| row["id"] == json!(id)).count(), 1);
    assert_eq!(emulator.journal(0)[0].touched, [id], "the other pod belongs to another client");
}

#[test]
fn v2_can_behave_as_in_august_2026() {
    let emulator = emulator();
    reply(&emulator, &create_pod());
    reply(&emulator, &create_pod());
    emulator.set_faults(faults::scenario("august-spec").expect("a scenario"));
    let listed = json_of(&reply(&emulator, &get("/v2/pods?limit=1")));
    let rows = listed["pods"].as_array().expect("a list");
    assert_eq!((rows.len(), listed.get("pagination")), (2, None), "no pages");
    assert_eq!(["cmd", "entrypoint"].map(|member| rows[0].get(member)), [None, None]);
    assert_eq!(rows[0]["gpu"], json!({ "id": "NVIDIA GeForce RTX 4090", "count": 1 }));
    assert_eq!(reply(&emulator, &get("/v2/account/secrets")).status, 404);

    let body = json!({ "name": "x", "image": "x:1", "gpu": { "id": "NVIDIA L4", "minRamPerGpu": 8 }, "cmd": ["ls"] });
    let refused = reply(&emulator, &request(Method::Post, "/v2/pods", Some(body)));
    let errors =
        ["$: additional properties 'cmd' not allowed", "$.gpu: additional properties 'minRamPerGpu' not allowed"];
    assert_eq!((refused.status, &json_of(&refused)["errors"]), (422, &json!(errors)));
    assert_eq!(pods(&emulator), 2);
}

#[test]
fn a_rule_selects_an_object_of_any_kind_by_its_current_name() {
    let emulator = emulator();
    let volume = json!({ "name": "data", "size": 10, "dataCenter": "US-CA-2" });
    let made = reply(&emulator, &request(Method::Post, "/v2/network-volumes", Some(volume)));
    let path = format!("/v2/network-volumes/{}", json_of(&made)["id"].as_str().expect("an id"));
    for (pattern, status) in [("data", 503), ("other", 200)] {
        let rules = format!("[{{ match: {{ pod: {pattern} }}, effect: {{ status: {{ code: 503 }} }} }}]");
        emulator.set_faults(faults::parse(&rules, "test").expect("valid rules"));
        assert_eq!(reply(&emulator, &get(&path)).status, status, "{pattern}");
    }
}
