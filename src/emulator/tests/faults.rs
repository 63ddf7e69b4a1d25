//! Faults inside the world, as a client sees them.

use serde_json::json;

use super::*;
use crate::emulator::state::events::PodEvent;
use crate::emulator::state::settings::ResumeWithoutGpu;

#[test]
fn a_new_pod_can_be_missing_from_reads_and_longer_from_lists() {
    let mut bench = Bench::observed();
    let tweaks = Tweaks { not_found_after_create_seconds: Some(8), appear_lag_seconds: Some(20), ..Tweaks::default() };
    let (_, body) = bench.send(v2("createPod").body(pod("a")).tweaks(tweaks));
    let id = body["id"].as_str().expect("an id").to_owned();
    for call in [v2("getPod"), v2("deletePod"), v2("updatePod").body(json!({ "name": "b" }))] {
        assert_eq!(bench.send(call.id(&id)).0, 404);
    }
    assert_eq!(bench.act(&id, "stop").0, 404);
    bench.pass(8000);
    assert_eq!(bench.get(&id).0, 200);
    assert!(bench.listed(v2("listPods")).is_empty());
    bench.pass(12_000);
    assert_eq!(bench.listed(v2("listPods")), [id]);
}

#[test]
fn a_lagging_list_omits_new_pods_and_shows_deleted_ones() {
    let mut bench = Bench::observed();
    let old = bench.create(pod("old"));
    bench.pass(60_000);
    let young = bench.create(pod("young"));
    bench.send(v2("deletePod").id(&old));
    let lag = Tweaks { appear_lag_seconds: Some(20), disappear_lag_seconds: Some(30), ..Tweaks::default() };
    assert_eq!(bench.listed(v2("listPods").tweaks(lag.clone())), [old]);
    let shown = [young];
    assert_eq!(bench.listed(v2("listPods")), shown);
    bench.pass(31_000);
    assert_eq!(bench.listed(v2("listPods").tweaks(lag)), shown);
}

#[test]
fn a_ghost_create_is_refused_but_creates_a_pod() {
    let mut bench = Bench::observed();
    let ghost = Tweaks { ghost: true, ..Tweaks::default() };
    let call = v2("createPod").body(pod("ghost")).tweaks(ghost);
    let answer = bench.world.answer(&call, bench.now);
    assert_eq!((answer.status, answer.touched.len()), (400, 1));
    assert_eq!(bench.listed(v2("listPods")), answer.touched);
    let nothing = Tweaks { no_capacity: true, ..Tweaks::default() };
    assert_eq!(bench.send(v2("createPod").body(pod("b")).tweaks(nothing)).0, 400);
    assert_eq!(bench.listed(v2("listPods")).len(), 1, "a plain refusal creates nothing");
}

#[test]
fn a_delete_can_be_ignored_or_slow() {
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    let ignored = Tweaks { delete_ignored: true, ..Tweaks::default() };
    assert_eq!(bench.send(v2("deletePod").id(&id).tweaks(ignored)).0, 204);
    assert_eq!(bench.get(&id).1["status"], "RUNNING");
    let slow = Tweaks { delete_slow_seconds: Some(10), ..Tweaks::default() };
    assert_eq!(bench.send(v2("deletePod").id(&id).tweaks(slow)).0, 204);
    assert_eq!(bench.get(&id).1["status"], "TERMINATED");
    assert!(bench.listed(v2("listPods")).is_empty());
    assert_eq!(bench.send(v1("listPods")).1[0]["desiredStatus"], "TERMINATED");
    bench.pass(10_000);
    assert_eq!(bench.get(&id).0, 404);
}

#[test]
fn a_stale_read_shows_the_old_values_for_a_while() {
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    let stale = Tweaks { stale_read_seconds: Some(30), ..Tweaks::default() };
    let (_, answered) = bench.send(v2("updatePod").id(&id).body(json!({ "name": "b" })).tweaks(stale));
    assert_eq!(answered["name"], "a");
    bench.pass(30_000);
    assert_eq!(bench.get(&id).1["name"], "b");
}

#[test]
fn a_dropped_field_is_accepted_and_ignored() {
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    let drops = Tweaks { patch_drops_field: Some("env".to_owned()), ..Tweaks::default() };
    let body = json!({ "name": "b", "env": { "LEVEL": "debug" } });
    let (status, answered) = bench.send(v2("updatePod").id(&id).body(body).tweaks(drops));
    assert_eq!((status, &answered["name"], &answered["env"]["LEVEL"]), (200, &json!("b"), &json!("info")));
}

#[test]
fn a_start_without_a_free_gpu_is_refused_or_has_no_gpu() {
    for (knob, status) in [(ResumeWithoutGpu::Refuse, 400), (ResumeWithoutGpu::Zero, 200)] {
        let settings = Settings { resume_without_gpu: knob, steal_on_stop: 1.0, ..Settings::default() };
        let mut bench = Bench::new(settings);
        let id = bench.create(pod("a"));
        bench.act(&id, "stop");
        bench.pass(60_000);
        assert_eq!(bench.act(&id, "start").0, status);
        let (_, after) = bench.get(&id);
        let expected = if status == 400 { "EXITED" } else { "RUNNING" };
        assert_eq!(after["status"], expected);
        assert_eq!(after.get("gpu").is_some(), status == 400, "a pod that runs without GPUs shows none");
    }
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    bench.act(&id, "stop");
    let refused = Tweaks { resume_refused: true, ..Tweaks::default() };
    assert_eq!(bench.act_with(&id, "start", refused).0, 400);
    assert_eq!(bench.act(&id, "start").0, 200);
}

#[test]
fn members_are_added_and_removed_in_objects_but_not_in_errors() {
    let mut bench = Bench::observed();
    bench.create(pod("a"));
    let tweaks = Tweaks {
        extra_members: vec!["hostGeneration".to_owned()],
        missing_members: vec!["mounts".to_owned()],
        ..Tweaks::default()
    };
    let (_, body) = bench.send(v2("listPods").tweaks(tweaks.clone()));
    let row = body["pods"][0].as_object().expect("a pod");
    assert!(!row.contains_key("mounts") && row.contains_key("hostGeneration"));
    let (_, problem) = bench.send(v2("getPod").id("none").tweaks(tweaks));
    assert_eq!(problem.as_object().map(|members| members.len()), Some(3));
}

#[test]
fn events_change_the_pod_that_reads_show() {
    let mut bench = Bench::observed();
    let id = bench.create(with(pod("a"), "disk", json!(60)));
    bench.pass(5000);
    let up = bench.get(&id).1["runtime"]["uptime"].clone();
    assert_eq!(up, 3, "allocated, pulled and booted after 1.4 seconds");

    let edit = PodEvent::Edit { changes: json!({ "image": "other:1", "locked": true }) };
    bench.world.pod_event(&id, &edit, bench.now).expect("an edit");
    let (_, body) = bench.get(&id);
    assert_eq!((&body["image"], &body["locked"], &body["runtime"]), (&json!("other:1"), &json!(true), &json!(null)));
    assert_eq!(bench.act(&id, "stop").0, 409, "a locked pod cannot be stopped");

    bench.pass(5000);
    bench.world.pod_event(&id, &PodEvent::Crash, bench.now).expect("a crash");
    bench.pass(35_000);
    assert_eq!(bench.get(&id).1["runtime"]["uptime"], 3, "three seconds after the third start");

    bench.world.pod_event(&id, &PodEvent::HostDown { seconds: 60 }, bench.now).expect("an outage");
    assert_eq!(bench.get(&id).1["runtime"], json!(null));

    bench.world.pod_event(&id, &PodEvent::Migrate, bench.now).expect("a migration");
    assert_eq!(bench.get(&id).0, 404);
    let (_, list) = bench.send(v2("listPods"));
    let migrated = &list["pods"][0];
    assert_eq!(
        (&migrated["name"], &migrated["env"], &migrated["disk"]),
        (&json!("a"), &json!({ "LEVEL": "info" }), &json!(60))
    );
    assert!(bench.world.pod_event(&id, &PodEvent::Stop, bench.now).is_err());
}
