//! Every command that changes something, killed at a random instant; then any other command, then one plain apply.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kill::aftermath::{APPLY, Figures, Place, count};

const PODS: usize = 10;

/// The killed command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    Create,
    Replace,
    CreateBeforeDestroy,
    InPlace,
    Destroy,
    Refresh,
    StateMv,
    Stop,
    Start,
    SavedPlan,
    ImportAll,
}

const KILLED: [Killed; 11] = [
    Killed::Create,
    Killed::Replace,
    Killed::CreateBeforeDestroy,
    Killed::InPlace,
    Killed::Destroy,
    Killed::Refresh,
    Killed::StateMv,
    Killed::Stop,
    Killed::Start,
    Killed::SavedPlan,
    Killed::ImportAll,
];

/// Commands that may follow a kill. None of them may prevent the apply after it.
const FOLLOWING: [&str; 12] = [
    "status",
    "plan",
    "drift",
    "output",
    "refresh",
    "state verify",
    "state list",
    "apply --auto-approve --target pod.right[0]",
    "apply --auto-approve --refresh-only",
    "stop --all",
    "start --all",
    APPLY,
];

/// One kill: the command, the fraction of its total time after which it is killed, and the command after it.
struct Kill {
    killed: Killed,
    instant: f64,
    following: &'static str,
}

#[test]
fn any_command_can_be_killed_and_followed_by_any_other() {
    let kills: usize = std::env::var("SINDRI_KILLS").map_or(KILLED.len(), |kills| kills.parse().expect("a number"));
    let mut rng = fastrand::Rng::with_seed(811);
    let kills: Vec<Kill> = KILLED
        .iter()
        .cycle()
        .take(kills)
        .map(|killed| Kill { killed: *killed, instant: rng.f64(), following: FOLLOWING[rng.usize(..FOLLOWING.len())] })
        .collect();
    count(&format!("{} random kills of any command", kills.len()), &kills, one);
}

fn one(kill: &Kill) -> Figures {
    match kill.killed {
        Killed::ImportAll => import_all(kill),
        _ => managed(kill),
    }
}

/// Runs the same commands without a kill to measure their time, then with it.
fn managed(kill: &Kill) -> Figures {
    let whole = prepared(kill.killed);
    let start = Instant::now();
    let said = whole.run(words(kill.killed));
    assert_eq!(said.code, Some(0), "{:?}\n{}\n{}", kill.killed, said.stdout, said.stderr);
    let took = start.elapsed();

    let place = prepared(kill.killed);
    let moment = kill_after(&place, words(kill.killed), took.mul_f64(kill.instant), kill);
    let healthy = place.healthy();
    let mut problems = follow(&place, kill, &moment);
    if kill.killed == Killed::StateMv && place.run("state list").stdout.contains("pod.moved") {
        // The rename completed, so undo it: the configuration still has the old address.
        let back = place.run("state mv pod.moved pod.left[0]");
        if back.code != Some(0) {
            problems.push(format!("{moment}: state mv exits {:?}\n{}", back.code, back.stderr));
        }
    }
    let mut figures = place.put_right(&moment);
    let alive = place.alive();
    let lost: Vec<&String> = healthy.iter().filter(|id| !alive.contains_key(*id)).collect();
    // A requested destruction may continue, and an object deleted outside stays deleted.
    if !lost.is_empty() && !matches!(kill.killed, Killed::Destroy | Killed::Refresh) {
        problems.push(format!("{moment}: {lost:?} were healthy and are gone"));
    }
    figures.problems.extend(problems);
    figures
}

fn words(killed: Killed) -> &'static str {
    match killed {
        Killed::Create | Killed::Replace | Killed::CreateBeforeDestroy => APPLY,
        Killed::InPlace => "apply --auto-approve --updates in-place",
        Killed::Destroy => "destroy --auto-approve",
        Killed::Refresh => "refresh",
        Killed::StateMv => "state mv pod.left[0] pod.moved",
        Killed::Stop => "stop --all",
        Killed::Start => "start --all",
        Killed::SavedPlan => "apply plan.json",
        Killed::ImportAll => "import --all --name hand",
    }
}

/// A place where the command has something to do.
fn prepared(killed: Killed) -> Place {
    let place = Place::new(PODS);
    if killed == Killed::Create {
        return place;
    }
    if killed == Killed::CreateBeforeDestroy {
        place.project.edit("    ports: []\n", "    ports: []\n    lifecycle: { createBeforeDestroy: true }\n");
    }
    place.run(APPLY).exits(0);
    match killed {
        Killed::Replace | Killed::CreateBeforeDestroy | Killed::InPlace | Killed::SavedPlan => {
            place.project.edit("image:1", "image:2");
        }
        Killed::Refresh => {
            let pods = place.emulator.pods();
            for (pod, event) in pods.iter().zip(["delete", "delete", "preempt", "migrate"]) {
                let path = format!("/_emu/pods/{}/event", pod["id"].as_str().expect("an id"));
                assert_eq!(place.emulator.ask("POST", &path, Some(json!({ "event": event }))).0, 200, "{event}");
            }
            // Objects that the last apply just created may be late in lists, but these must be known to be gone.
            thread::sleep(Duration::from_secs(4));
        }
        Killed::Start => {
            place.run("stop --all").exits(0);
        }
        _ => {}
    }
    if killed == Killed::SavedPlan {
        place.run("plan --out plan.json").exits(0);
    }
    place
}

fn kill_after(place: &Place, words: &str, wait: Duration, kill: &Kill) -> String {
    let mut command = place.command(words);
    let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    thread::sleep(wait);
    // A kill after the end is a valid instant too.
    child.kill().expect("a child of ours");
    child.wait().expect("a child of ours");
    format!("{:?} killed after {wait:?}, then `{}`", kill.killed, kill.following)
}

/// Runs another command, which must neither crash nor lose the state.
fn follow(place: &Place, kill: &Kill, moment: &str) -> Vec<String> {
    let said = place.run(kill.following);
    let mut problems = Vec::new();
    // Pending changes, refusals and failures have their own exit codes; a crash has 101 or none.
    if !matches!(said.code, Some(0..=8)) || said.stderr.contains("because of an internal error") {
        problems.push(format!("{moment}: exits {:?}\n{}\n{}", said.code, said.stdout, said.stderr));
    }
    let verified = place.run("state verify");
    if verified.code != Some(0) {
        problems.push(format!("{moment}: state verify exits {:?}\n{}", verified.code, verified.stderr));
    }
    problems
}

/// A manually created account. Running the import again completes it.
fn import_all(kill: &Kill) -> Figures {
    let by_hand = || {
        let place = Place::new(PODS);
        for number in 0..PODS {
            let pod = json!({ "name": format!("hand{number}"), "image": "example/image:1", "disk": 20, "cloud": "SECURE",
                "gpu": { "id": "NVIDIA L4", "count": 1 }, "ports": ["22/tcp"] });
            assert_eq!(place.emulator.ask("POST", "/v2/pods", Some(pod)).0, 201);
        }
        std::fs::remove_file(place.project.path("sindri.yaml")).expect("the configuration");
        place
    };
    let command = words(Killed::ImportAll);
    let whole = by_hand();
    let start = Instant::now();
    whole.run(command).exits(0);
    let took = start.elapsed();

    let place = by_hand();
    let moment = kill_after(&place, command, took.mul_f64(kill.instant), kill);
    let mut problems = Vec::new();
    if !place.project.path("sindri.yaml").exists() {
        let again = place.run(command);
        if again.code != Some(0) {
            problems.push(format!("{moment}: again exits {:?}\n{}\n{}", again.code, again.stdout, again.stderr));
        }
    }
    // Wait for pods that were just created.
    place.run("wait --timeout 1m");
    let plan = place.run("plan --detailed-exitcode");
    if plan.code != Some(0) {
        problems.push(format!("{moment}: plan exits {:?}\n{}\n{}", plan.code, plan.stdout, plan.stderr));
    }
    let alive: BTreeSet<String> = place.alive().into_keys().collect();
    let recorded: BTreeSet<String> = if plan.code == Some(0) { ids(&place.project.state()) } else { BTreeSet::new() };
    if problems.is_empty() && alive != recorded {
        problems.push(format!("{moment}: {alive:?} exist, {recorded:?} are recorded"));
    }
    Figures { stops: 1, survivors: alive.len(), problems, ..Figures::default() }
}

/// The ids of pods and volumes in a state.
fn ids(state: &Value) -> BTreeSet<String> {
    let records = state["resources"].as_object().expect("resources");
    let own = records.iter().filter(|(address, _)| !address.starts_with("port."));
    own.map(|(_, record)| record["id"].as_str().expect("an id").to_owned()).collect()
}
