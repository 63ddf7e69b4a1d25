//! World files.

use jiff::SignedDuration;
use sindri::emulator::{DeliveryResult, EmulatorOptions, OpenError, WorldFileError};

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
    let path = folder.path().join("world.json");
    let (emulator, _) = options(folder.path()).open().expect("a new world");
    reply(&emulator, &create_pod());
    drop(emulator);
    let written = std::fs::metadata(&path).and_then(|found| found.modified()).expect("a time");
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
