//! World files.

use std::path::Path;

use jiff::SignedDuration;
use serde_json::{Value, json};
use sindri::emulator::{DeliveryResult, Emulator, EmulatorOptions, OpenError, WorldFileError, faults};
use sindri::transport::{Method, Request};

use crate::support::*;

fn options(folder: &std::path::Path) -> EmulatorOptions {
    EmulatorOptions { world: Some(folder.join("world.json")), ..EmulatorOptions::default() }
}

#[test]
fn a_world_outlives_its_emulator_and_its_file_does_not_depend_on_the_date() {
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
        assert!(reopened > START, "time has advanced");
        let DeliveryResult::Reply(listed) = emulator.handle(&get("/v2/pods"), reopened).outcome else {
            panic!("no reply")
        };
        assert_eq!(json_of(&listed)["pods"][0]["id"], created["id"]);
        drop(emulator);
        assert_eq!(std::fs::read_to_string(&path).expect("still there"), text, "reads do not change the file");
        text
    };
    assert_eq!(text(), text());
}

#[test]
fn a_change_is_in_the_file_before_the_answer_is_sent() {
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
    assert!(matches!(refused, OpenError::World(WorldFileError::Locked { .. })), "{refused}");
    drop(emulator);
    options(folder.path()).open().expect("free again");
}

#[test]
fn an_unreadable_world_file_is_refused_and_not_changed() {
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
fn a_server_resumes_a_world_no_earlier_than_requested() {
    let later = START + SignedDuration::from_hours(1000);
    let (emulator, start) = EmulatorOptions { not_before: Some(later), ..Default::default() }.open().expect("a world");
    assert_eq!(start, later);
    assert!(emulator.now() >= later);
}

#[test]
fn the_clock_keeps_running_between_two_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, _) = options(folder.path()).open().expect("a new world");
    reply(&emulator, &create_pod());
    drop(emulator);
    // The world and its log; the later one counts.
    let files = folder.path().read_dir().expect("a folder").map(|file| file.and_then(|file| file.metadata()));
    let written = files.map(|file| file.and_then(|file| file.modified()).expect("a time")).max().expect("a file");
    let written = jiff::Timestamp::try_from(written).expect("a time");
    let opened = |passed: SignedDuration| {
        let now = Some(written + passed);
        EmulatorOptions { now, ..options(folder.path()) }.open().expect("the same world").1
    };
    let soon = opened(SignedDuration::from_secs(3));
    assert_eq!(opened(SignedDuration::from_hours(-5)), soon, "a system clock that was set back changes nothing");
    assert_eq!(opened(SignedDuration::from_secs(9)), soon, "consecutive commands see the same time");
    let late = opened(SignedDuration::from_hours(8));
    assert_eq!(late.duration_since(soon), SignedDuration::from_hours(8) - SignedDuration::from_mins(1));
}

/// The world in a copy of a folder, as a process finds it after the last one was killed.
fn after_a_kill(folder: &Path) -> Value {
    let copy = tempfile::tempdir().expect("a folder");
    for file in ["world.json", "world.json.log"].iter().filter(|file| folder.join(file).exists()) {
        std::fs::copy(folder.join(file), copy.path().join(file)).expect("copied");
    }
    let (emulator, _) = options(copy.path()).open().expect("a valid world");
    world_of(&emulator)
}

fn world_of(emulator: &Emulator) -> Value {
    json_of(&emulator.control(&get("/_emu/state")))["world"].take()
}

fn later(emulator: &Emulator, seconds: i64, request: &Request) -> Value {
    match emulator.handle(request, START + SignedDuration::from_secs(seconds)).outcome {
        DeliveryResult::Reply(reply) if reply.body.is_empty() => Value::Null,
        DeliveryResult::Reply(reply) => json_of(&reply),
        other => panic!("no reply: {other:?}"),
    }
}

#[test]
fn a_kill_after_any_request_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, _) = options(folder.path()).open().expect("a new world");
    let rules = r#"[
        { match: { operation: getPod, nth: 2 }, effect: { migrate: { seconds: 30 } } },
        { match: { operation: updatePod, nth: 1 }, effect: { staleRead: { seconds: 5 }, spendLimit: 900 } },
        { match: { operation: createPod, nth: 3 }, effect: { ghost: true } },
        { match: { operation: createPod, nth: 4 }, effect: { statusAfterEffect: { code: 502 } } }
    ]"#;
    emulator.set_faults(faults::parse(rules, "test").expect("valid rules"));
    let id = |created: &Value| created["id"].as_str().expect("an id").to_owned();
    let first = id(&later(&emulator, 0, &create_pod()));
    let second = id(&later(&emulator, 1, &create_pod()));
    let (first, second) = (format!("/v2/pods/{first}"), format!("/v2/pods/{second}"));
    let event = |pod: &str| pod.replace("/v2", "/_emu") + "/event";
    let action = |action: &str| Some(json!({ "action": action }));
    let steps = [
        request(Method::Get, &first, None),
        request(Method::Get, &first, None),
        request(Method::Patch, &first, Some(json!({ "env": { "A": "b" } }))),
        request(Method::Post, "/v2/network-volumes", Some(json!({ "name": "v", "size": 20, "dataCenter": "US-KS-2" }))),
        request(Method::Post, &(second.clone() + "/action"), action("stop")),
        request(Method::Post, &event(&second), Some(json!({ "event": "start" }))),
        request(Method::Put, "/_emu/account", Some(json!({ "balance": 500.0, "spendLimit": null }))),
        request(
            Method::Post,
            "/_emu/hosts/*/event",
            Some(json!({ "event": "maintenance", "startsIn": 5, "seconds": 9 })),
        ),
        request(Method::Put, "/_emu/capacity", Some(json!([{ "gpu": "*", "free": 5 }]))),
        create_pod(), // a ghost
        create_pod(), // with an error
        request(Method::Get, "/v2/pods", None),
        request(Method::Post, "/_emu/reset", Some(json!({ "seed": 7 }))),
        create_pod(),
        request(Method::Get, "/v2/pods", None),
    ];
    for (number, step) in (0..).zip(&steps) {
        match step.path.starts_with("/_emu") {
            true => assert_eq!(emulator.control(step).status, 200, "{}", step.path),
            false => drop(later(&emulator, 5 * (number + 1), step)),
        }
        assert_eq!(after_a_kill(folder.path()), world_of(&emulator), "after {} {}", step.method.word(), step.path);
    }
    drop(emulator);
    assert!(!folder.path().join("world.json.log").exists(), "the file contains everything at the end");
}

#[test]
fn only_the_first_and_the_last_change_of_a_session_write_the_whole_world() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, _) = options(folder.path()).open().expect("a new world");
    let size = |file: &str| std::fs::metadata(folder.path().join(file)).expect("a file").len();
    reply(&emulator, &create_pod());
    let (world, empty) = (size("world.json"), size("world.json.log"));
    for _ in 0..20 {
        reply(&emulator, &create_pod());
    }
    assert_eq!(size("world.json"), world);
    assert!(size("world.json.log") > empty + 20 * 100);
    emulator.save().expect("written");
    assert!(size("world.json") > 10 * world);
}

#[test]
fn a_log_counts_up_to_its_last_complete_line_and_only_for_its_own_world() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, _) = options(folder.path()).open().expect("a new world");
    let [first, second, third] = [0, 1, 2].map(|_| {
        reply(&emulator, &create_pod());
        std::fs::read_to_string(folder.path().join("world.json.log")).expect("a log")
    });
    let world = std::fs::read_to_string(folder.path().join("world.json")).expect("a world");
    drop(emulator);
    let pods = |world: &str, log: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("world.json"), world).expect("written");
        std::fs::write(folder.path().join("world.json.log"), log).expect("written");
        options(folder.path()).open().map(|(emulator, _)| self::pods(&emulator)).map_err(|error| error.to_string())
    };
    assert_eq!([&first, &second, &third].map(|log| pods(&world, log)), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(pods(&world, &third[..third.len() - 1]), Ok(2), "a torn line");
    assert_eq!(pods(&format!("{world} "), &third), Ok(1), "the log of another content");
    assert_eq!(pods(&world, ""), Ok(1));
    let error = pods(&world, &format!("{second}{{}}\n")).expect_err("no change");
    assert!(error.contains("world.json.log") && error.contains("missing field"), "{error}");
}

#[test]
fn a_log_contains_no_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let (emulator, _) = options(folder.path()).open().expect("a new world");
    reply(&emulator, &create_pod());
    let login = json!({ "name": "ghcr", "username": "me", "password": "hunter2" });
    assert_eq!(reply(&emulator, &request(Method::Post, "/v2/registries", Some(login))).status, 201);
    let log = std::fs::read_to_string(folder.path().join("world.json.log")).expect("a log");
    assert!(log.contains("ghcr") && !log.contains("hunter2") && !log.contains("rpa_test"), "{log}");
    assert_eq!(after_a_kill(folder.path()), world_of(&emulator));
}
