//! Many processes that apply the same configuration at the same time.

use std::process::{Child, Stdio};

use serde_json::json;

use crate::kill::aftermath::{APPLY, Place};
use crate::support::{Said, fault, until};

const PODS: usize = 8;
const WAITING: &str = "apply --auto-approve --lock-timeout 2m";

fn spawn(place: &Place, words: &str) -> Child {
    let mut command = place.command(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

fn ended(child: Child) -> Said {
    Said::from(child.wait_with_output().expect("a child of ours"))
}

#[test]
fn only_one_of_twenty_concurrent_applies_runs_at_a_time() {
    let place = Place::new(PODS);
    let latency = json!({ "latency": { "seconds": 6, "side": "afterEffect" } });
    place.emulator.faults(json!([fault(json!({ "operation": "create*" }), latency)]));
    let all: Vec<Child> = (0..20).map(|number| spawn(&place, if number % 2 == 0 { APPLY } else { WAITING })).collect();
    for (number, child) in all.into_iter().enumerate() {
        let said = ended(child);
        match said.code {
            Some(4) if number % 2 == 0 => drop(said.warns("the state is locked by").warns("--lock-timeout")),
            _ => drop(said.exits(0)),
        }
    }
    assert_eq!(place.emulator.writes().len(), PODS + 2, "every create was sent once, whoever sent it");
    let figures = place.put_right("after the race");
    assert_eq!(figures.problems, [""; 0]);
}

#[test]
fn after_the_holder_is_killed_a_waiting_apply_continues_and_recovers() {
    let place = Place::new(PODS);
    let latency = json!({ "latency": { "seconds": 3600, "side": "afterEffect" } });
    place.emulator.faults(json!([fault(json!({ "operation": "createPod" }), latency)]));
    let mut holder = spawn(&place, APPLY);
    until("creates under way", || place.emulator.writes().len() >= 4);
    place.run(APPLY).exits(4).warns(&format!("process {}", holder.id()));
    let waiting: Vec<Child> = (0..5).map(|_| spawn(&place, WAITING)).collect();
    place.emulator.faults(json!([]));
    holder.kill().expect("a child of ours");
    holder.wait().expect("a child of ours");
    for child in waiting {
        ended(child).exits(0);
    }
    let figures = place.put_right("after the holder was killed");
    assert_eq!(figures.problems, [""; 0]);
}
