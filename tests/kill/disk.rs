//! A disk that becomes full or read-only at some moment of an apply, and folders and files that disappear.
//!
//! In every case the message says what to do. After doing it, one plain apply puts everything right.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;

use crate::kill::aftermath::{APPLY, Place, count};
use crate::kill::effects::library;
use crate::support::{Said, fault, until};

const PODS: usize = 8;

/// A problem: its error number, its name, and the advice.
type Trouble = (i32, &'static str, &'static str);
const FULL: Trouble = (28, "the disk is full", "free some space");
const READ_ONLY: Trouble = (30, "it is read-only", "make it writable");

#[test]
fn a_disk_that_refuses_writes_loses_nothing_and_is_reported() {
    let Some(library) = library() else { return };
    // The lock, then every phase of one create: intent, flush, request, answer, outcome, flush.
    let mut points: Vec<(usize, Trouble)> = (30..36).map(|effect| (effect, FULL)).collect();
    points.extend([(1, FULL), (1, READ_ONLY), (32, READ_ONLY), (34, READ_ONLY)]);
    if std::env::var("SINDRI_KILL_POINTS").as_deref() == Ok("all") {
        points = (1..60).flat_map(|effect| [(effect, FULL), (effect, READ_ONLY)]).collect();
    }
    count("a disk that refuses writes", &points, |(effect, (number, says, help))| {
        let place = Place::new(PODS);
        let mut command = place.command("apply --auto-approve --parallelism 1");
        command.env("LD_PRELOAD", library).env("EFFECTS_FAIL", effect.to_string());
        let said = Said::of(command.env("EFFECTS_ERRNO", number.to_string()));
        let moment = format!("error {number} from effect {effect} on");
        let mut figures = place.put_right(&moment);
        if said.code == Some(0) || !said.stderr.contains(says) || !said.stderr.contains(help) {
            figures.problems.push(format!("{moment}: exits {:?}\n{}\n{}", said.code, said.stdout, said.stderr));
        }
        figures
    });
}

/// An apply whose creates are answered a second late (the clock is 60 times as fast), after this many took effect.
fn under_way(place: &Place, writes: usize) -> std::process::Child {
    let latency = json!({ "seconds": 60, "side": "afterEffect" });
    place.emulator.faults(json!([fault(json!({ "operation": "create*" }), json!({ "latency": latency }))]));
    let mut command = place.command(APPLY);
    command.env("TMPDIR", place.project.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary runs");
    until("so many creates", || place.emulator.writes().len() >= writes);
    child
}

#[test]
fn a_folder_that_vanishes_loses_nothing() {
    // While both volumes are being created, and while pods are.
    count("a folder that vanishes", &[2, 5], |writes| {
        let place = Place::new(PODS);
        let child = under_way(&place, *writes);
        fs::remove_dir_all(place.project.path("state")).expect("a folder");
        let said = Said::from(child.wait_with_output().expect("a child of ours"));
        let said = said.exits(1).warns("sindri::state::vanished").warns("restore it");
        place.emulator.faults(json!([]));
        let rescued = rescued(&said);
        fs::create_dir(place.project.path("state")).expect("brought back");
        fs::rename(rescued, place.project.path("state/default.json")).expect("the state as it was known");
        place.put_right(&format!("the folder vanished after {writes} writes"))
    });
}

/// The rescued file named by an error.
fn rescued(said: &Said) -> PathBuf {
    let text: String = said.stderr.lines().map(|line| line.trim().trim_start_matches('│').trim()).collect();
    let (_, rest) = text.split_once("saved to `").unwrap_or_else(|| panic!("no file is named:\n{}", said.stderr));
    PathBuf::from(rest.split('`').next().expect("a path"))
}

#[test]
fn a_state_file_edited_during_an_apply_is_not_overwritten() {
    count("a state file that is edited", &[3], |writes| {
        let place = Place::new(2);
        place.run(APPLY).exits(0);
        place.project.edit("left: { replicas: 1", "left: { replicas: 3");
        let place = Place { pods: 4, ..place };
        let child = under_way(&place, 4 + writes - 2);
        let edited = place.project.read("state/default.json") + "\n";
        place.project.write("state/default.json", &edited);
        let said = Said::from(child.wait_with_output().expect("a child of ours"));
        said.exits(1).warns("sindri::state::swapped").warns("nothing was overwritten");
        assert_eq!(place.project.read("state/default.json"), edited);
        place.emulator.faults(json!([]));
        place.put_right("the state file was edited")
    });
}
