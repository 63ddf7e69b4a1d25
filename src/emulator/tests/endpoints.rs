//! Serverless endpoints: traps of their settings, faults, and the lowering of `workers.max`.

use super::*;
use crate::emulator::state::events::EndpointEvent;

pub(super) const DAY: i64 = 86_400_000;

pub(super) fn endpoint() -> Value {
    json!({
        "name": "sd", "type": "QUEUE", "image": "i:1", "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 },
        "gpu": { "pools": ["ADA_24"] }, "timeout": 300_000,
    })
}

impl Bench {
    pub(super) fn create_endpoint(&mut self, body: Value) -> String {
        let (status, body) = self.send(v2("createEndpoint").body(body));
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().expect("an id").to_owned()
    }

    pub(super) fn endpoint(&mut self, id: &str) -> Value {
        let (status, body) = self.send(v2("getEndpoint").id(id));
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(super) fn patch_endpoint(&mut self, id: &str, body: Value) -> Value {
        let (status, body) = self.send(v2("updateEndpoint").id(id).body(body));
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(super) fn jobs(&mut self, id: &str, count: u32, seconds: u64) {
        let event = EndpointEvent::Jobs { count, seconds };
        self.world.endpoint_event(id, &event, self.now).expect("an endpoint");
    }
}

#[test]
fn a_timeout_that_is_left_out_reads_0_although_the_document_has_a_default() {
    for (mut bench, expected) in [(Bench::observed(), 0), (Bench::documented(), 300_000)] {
        let id = bench.create_endpoint(without(endpoint(), "timeout"));
        assert_eq!(bench.endpoint(&id)["timeout"], expected);
        let id = bench.create_endpoint(with(endpoint(), "timeout", json!(60_000)));
        assert_eq!(bench.endpoint(&id)["timeout"], 60_000);
    }
}

#[test]
fn a_patch_of_pools_clears_the_exclusions_and_one_without_pools_keeps_them() {
    let mut bench = Bench::observed();
    let gpu = json!({ "pools": ["AMPERE_48"], "excludedTypes": [" NVIDIA A40 "] });
    let id = bench.create_endpoint(with(endpoint(), "gpu", gpu));
    assert_eq!(bench.endpoint(&id)["gpu"]["excludedTypes"], json!(["NVIDIA A40"]), "trimmed");
    bench.patch_endpoint(&id, json!({ "gpu": { "minCudaVersion": "12.4" } }));
    assert_eq!(bench.endpoint(&id)["gpu"]["excludedTypes"], json!(["NVIDIA A40"]));
    bench.patch_endpoint(&id, json!({ "gpu": { "pools": ["AMPERE_48"] } }));
    assert_eq!(bench.endpoint(&id)["gpu"]["excludedTypes"], json!([]));
    assert_eq!(bench.endpoint(&id)["gpu"]["minCudaVersion"], "12.4");
}

#[test]
fn neither_cuda_constraint_clears_the_other() {
    for refuses in [false, true] {
        let mut bench = Bench::new(Settings { refuses_both_cuda_constraints: refuses, ..Settings::default() });
        let id =
            bench.create_endpoint(with(endpoint(), "gpu", json!({ "pools": ["ADA_24"], "minCudaVersion": "12.4" })));
        let patch = |gpu: Value| v2("updateEndpoint").id(&id).body(json!({ "gpu": gpu }));
        let (status, both) = bench.send(patch(json!({ "allowedCudaVersions": ["12.8"] })));
        assert_eq!(status, if refuses { 400 } else { 200 });
        if !refuses {
            assert_eq!(
                (&both["gpu"]["allowedCudaVersions"], &both["gpu"]["minCudaVersion"]),
                (&json!(["12.8"]), &json!("12.4"))
            );
        }
        let (_, list) = bench.send(patch(json!({ "allowedCudaVersions": ["12.8"], "minCudaVersion": "" })));
        assert_eq!(
            (&list["gpu"]["allowedCudaVersions"], &list["gpu"]["minCudaVersion"]),
            (&json!(["12.8"]), &Value::Null)
        );
        let (_, floor) = bench.send(patch(json!({ "allowedCudaVersions": [], "minCudaVersion": "12.1" })));
        assert_eq!(
            (&floor["gpu"]["allowedCudaVersions"], &floor["gpu"]["minCudaVersion"]),
            (&json!([]), &json!("12.1"))
        );
    }
}

#[test]
fn without_requests_the_maximum_of_workers_falls_to_2_after_3_days_and_to_0_after_7() {
    let max = |bench: &mut Bench, id: &str| bench.endpoint(id)["workers"]["max"].clone();
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with(endpoint(), "workers", json!({ "min": 1, "max": 5 })));
    bench.pass(3 * DAY - 1000);
    assert_eq!(max(&mut bench, &id), 5);
    bench.pass(1000);
    assert_eq!(max(&mut bench, &id), 2);
    bench.pass(4 * DAY);
    let idle = bench.endpoint(&id);
    assert_eq!((&idle["workers"]["max"], &idle["workers"]["min"]), (&json!(0), &json!(1)));
    let (_, releases) = bench.send(v2("listEndpointReleases").id(&id));
    assert_eq!(releases["releases"].as_array().map(Vec::len), Some(1), "no release");
    assert_eq!(bench.world.account(bench.now).hourly, 0.0, "no worker is left");

    bench.pass(30 * DAY);
    assert_eq!(max(&mut bench, &id), 0, "it stays there");
    bench.patch_endpoint(&id, json!({ "workers": { "max": 5 } }));
    bench.pass(DAY);
    assert_eq!(max(&mut bench, &id), 5, "a change of the workers starts the count again");
    bench.jobs(&id, 1, 1);
    bench.pass(3 * DAY - 1000);
    assert_eq!(max(&mut bench, &id), 5, "so does a request");

    let event = EndpointEvent::Age { days: 7, seconds: 0 };
    bench.world.endpoint_event(&id, &event, bench.now).expect("an endpoint");
    assert_eq!(max(&mut bench, &id), 0, "a control event ages an endpoint");

    let mut bench = Bench::new(Settings { lowers_idle_endpoints: false, ..Settings::default() });
    let id = bench.create_endpoint(endpoint());
    bench.pass(30 * DAY);
    assert_eq!(max(&mut bench, &id), 3);
}

#[test]
fn the_maximums_of_all_endpoints_stay_within_the_quota() {
    let mut bench = Bench::new(Settings { worker_quota: 5, ..Settings::default() });
    let workers = |max: u64| with(endpoint(), "workers", json!({ "max": max }));
    assert_eq!(bench.send(v2("createEndpoint").body(workers(u64::from(u32::MAX)))).0, 400);
    let id = bench.create_endpoint(workers(3));
    assert_eq!(bench.send(v2("createEndpoint").body(workers(3))).0, 400);
    bench.create_endpoint(workers(2));
    let patch = |max: u64| v2("updateEndpoint").id(&id).body(json!({ "workers": { "max": max } }));
    assert_eq!((bench.send(patch(4)).0, bench.send(patch(2)).0, bench.send(patch(3)).0), (400, 200, 200));
    bench.world.settings.worker_quota = 1;
    assert_eq!((bench.send(patch(2)).0, bench.send(patch(3)).0), (200, 400), "less is always possible");
}

#[test]
fn faults_that_fit_any_kind_apply_to_endpoints() {
    let mut bench = Bench::observed();
    let none = Tweaks::default;
    let count = |bench: &mut Bench, tweaks: Tweaks| {
        let (_, body) = bench.send(v2("listEndpoints").tweaks(tweaks));
        body["endpoints"].as_array().expect("a list").len()
    };
    let lag = Tweaks { not_found_after_create_seconds: Some(8), appear_lag_seconds: Some(20), ..none() };
    let (_, made) = bench.send(v2("createEndpoint").body(endpoint()).tweaks(lag));
    let id = made["id"].as_str().expect("an id").to_owned();
    let patch = || v2("updateEndpoint").id(&id).body(json!({ "name": "new" }));
    assert_eq!((bench.send(patch()).0, bench.send(v2("deleteEndpoint").id(&id)).0), (404, 404));
    bench.pass(8000);
    assert_eq!((bench.send(patch()).0, count(&mut bench, none())), (200, 0));
    bench.pass(12_000);
    assert_eq!(count(&mut bench, none()), 1);
    let drops = Tweaks { patch_drops_field: Some("image".into()), ..none() };
    let both = v2("updateEndpoint").id(&id).body(json!({ "name": "newer", "image": "i:2" })).tweaks(drops);
    let (_, changed) = bench.send(both);
    assert_eq!((&changed["name"], &changed["image"]), (&json!("newer"), &json!("i:1")));
    assert_eq!(bench.world.object_name(&id), Some("newer"), "fault rules find it by name");
    let ignored = Tweaks { delete_ignored: true, ..none() };
    assert_eq!((bench.send(v2("deleteEndpoint").id(&id).tweaks(ignored)).0, count(&mut bench, none())), (204, 1));
    let slow = Tweaks { disappear_lag_seconds: Some(30), ..none() };
    assert_eq!((bench.send(v2("deleteEndpoint").id(&id).tweaks(slow)).0, count(&mut bench, none())), (204, 1));
    bench.pass(30_000);
    assert_eq!(count(&mut bench, none()), 0);
    for (tweaks, status, made) in [
        (Tweaks { no_capacity: true, ..none() }, 400, 0),
        (Tweaks { ghost: true, ..none() }, 400, 1),
        (Tweaks { duplicate_name: true, ..none() }, 201, 3),
    ] {
        assert_eq!(bench.send(v2("createEndpoint").body(endpoint()).tweaks(tweaks)).0, status);
        assert_eq!(count(&mut bench, none()), made);
    }
}

#[test]
fn a_saved_world_keeps_its_endpoints_and_their_next_steps() {
    let run = |save: bool| {
        let mut bench = Bench::observed();
        let id = bench.create_endpoint(with(endpoint(), "workers", json!({ "min": 1, "max": 5 })));
        bench.jobs(&id, 3, 30);
        bench.pass(10_000);
        bench.patch_endpoint(&id, json!({ "env": { "A": "b" } }));
        if save {
            bench.world = serde_json::from_str(&bench.saved()).expect("a saved world loads");
        }
        let mut answers = Vec::new();
        for _ in 0..40 {
            bench.pass(3000);
            answers.push(bench.send(v2("listEndpointWorkers").id(&id)));
            answers.push(bench.send(v2("listEndpointReleases").id(&id)));
        }
        bench.pass(7 * DAY);
        answers.push(bench.send(v2("getEndpoint").id(&id)));
        answers
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn an_edit_and_a_delete_in_the_console_change_an_endpoint() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(endpoint());
    let edit = |changes: Value| EndpointEvent::Edit { changes };
    bench.world.endpoint_event(&id, &edit(json!({ "image": "i:2" })), bench.now).expect("a valid edit");
    assert_eq!(bench.endpoint(&id)["image"], "i:2");
    assert!(bench.world.endpoint_event(&id, &edit(json!({ "type": "QUEUE" })), bench.now).is_err());
    bench.world.endpoint_event(&id, &EndpointEvent::Delete, bench.now).expect("an endpoint");
    assert!(bench.world.endpoint_event(&id, &EndpointEvent::Delete, bench.now).is_err());
    assert_eq!(bench.send(v2("getEndpoint").id(&id)).0, 404);
}
