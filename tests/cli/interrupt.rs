//! Interrupted or killed commands: started operations are recorded, and the next command finishes them.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{BARE, Emulator, Project, Said, fault, fleet, side_by_side, signal, until};

const APPLY: &str = "apply --auto-approve";

pub fn spawn(project: &Project, emulator: &Emulator, words: &str) -> Child {
    let mut command = project.command(emulator, words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

/// The command wrapped in `script`, where it is `"$@"`.
pub fn through_shell(command: &Command, script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.current_dir(command.get_current_dir().expect("a folder")).stdin(Stdio::null());
    shell
}

/// Creates whose answers are delayed by this long after they took effect.
pub fn slow_answers(seconds: f64, up_to: f64) -> Value {
    let latency = json!({ "seconds": seconds, "upTo": up_to, "side": "afterEffect" });
    json!([fault(json!({ "operation": "createPod" }), json!({ "latency": latency }))])
}

/// Whether a create has an outcome in the journal. From then on its apply only waits.
pub fn has_recorded_a_create(project: &Project) -> bool {
    let journal = std::fs::read_to_string(project.path("state/default.journal")).unwrap_or_default();
    journal.contains("\"outcome\"")
}

/// The ids of the pods in the state file.
pub fn recorded(project: &Project) -> BTreeSet<String> {
    let state = project.state();
    let resources = state["resources"].as_object().expect("resources");
    let pods = resources.iter().filter(|(address, _)| address.starts_with("pod."));
    pods.map(|(_, record)| record["id"].as_str().expect("an id").to_owned()).collect()
}

pub fn alive(emulator: &Emulator) -> BTreeSet<String> {
    emulator.pods().iter().map(|pod| pod["id"].as_str().expect("an id").to_owned()).collect()
}

/// Checks that must hold at the end of every such test.
#[track_caller]
fn whole(project: &Project, emulator: &Emulator, pods: usize) {
    let names: Vec<String> = (0..pods).map(|index| format!("bare-worker-{index}")).collect();
    assert_eq!(emulator.pod_names(), names, "every desired pod exactly once");
    assert_eq!(recorded(project), alive(emulator), "no pod that is in no state, no record without a pod");
    let journal = project.read("state/default.journal");
    assert!(!journal.contains("intent"), "nothing is left open:\n{journal}");
    project.run(emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn the_first_interrupt_records_requests_in_flight_and_starts_nothing_new() {
    side_by_side(["INT", "TERM", "HUP"], |name| {
        let (emulator, project) = (Emulator::with_faults(slow_answers(5.0, 5.0)), Project::new(&fleet(6)));
        let first = spawn(&project, &emulator, "apply --auto-approve --parallelism 2");
        until("the first create", || !emulator.writes().is_empty());
        signal(&first, name);
        let said = Said::from(first.wait_with_output().unwrap()).exits(130).warns("nothing new starts");
        let made = alive(&emulator);
        assert!((1..=2).contains(&made.len()), "{made:?}");
        assert_eq!(recorded(&project), made, "\n{}\n{}", said.stdout, said.stderr);
        emulator.faults(json!([]));
        project.run(&emulator, APPLY).exits(0).tells(&format!("{} created", 6 - made.len()));
        whole(&project, &emulator, 6);
    });
}

#[test]
fn the_second_interrupt_exits_at_once_and_the_journal_is_complete() {
    side_by_side([("INT", "INT"), ("TERM", "TERM"), ("TERM", "INT")], |(name, again)| {
        let (emulator, project) = (Emulator::with_faults(slow_answers(600.0, 600.0)), Project::new(&fleet(3)));
        let first = spawn(&project, &emulator, APPLY);
        until("all creates", || emulator.writes().len() == 3);
        signal(&first, name);
        // The two signals must not merge: the first has arrived once its line is on stderr.
        let mut first = first;
        let mut stderr = std::io::BufReader::new(first.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("nothing new starts") {
            line.clear();
            assert_ne!(std::io::BufRead::read_line(&mut stderr, &mut line).unwrap(), 0, "stderr ended");
        }
        signal(&first, again);
        assert_eq!(first.wait().unwrap().code(), Some(130));
        emulator.faults(json!([]));
        project.run(&emulator, "wait").exits(0);
        project.run(&emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
        let said = project.run(&emulator, APPLY).exits(0);
        assert!(said.stderr.contains("the response was lost"), "{}", said.stderr);
        assert_eq!(emulator.writes().len(), 3);
        whole(&project, &emulator, 3);
    });
}

#[test]
fn a_closing_terminal_asks_to_stop_once_with_any_number_of_signals() {
    let (emulator, project) = (Emulator::with_faults(slow_answers(3.0, 3.0)), Project::new(&fleet(4)));
    let first = spawn(&project, &emulator, "apply --auto-approve --parallelism 2");
    until("the first create", || !emulator.writes().is_empty());
    for _ in 0..3 {
        signal(&first, "HUP");
        std::thread::sleep(Duration::from_millis(200));
    }
    let said = Said::from(first.wait_with_output().unwrap()).exits(130);
    assert_eq!(recorded(&project), alive(&emulator), "\n{}\n{}", said.stdout, said.stderr);
    assert!(!project.read("state/default.journal").contains("intent"), "what was in flight is recorded");
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    let (emulator, project) = (Emulator::with_faults(slow_answers(2.0, 2.0)), Project::new(&fleet(2)));
    for ignored in ["HUP", "INT"] {
        let writes = emulator.writes().len();
        let command = project.command(&emulator, APPLY);
        // Like `nohup`, or a shell without job control for background commands.
        let first = through_shell(&command, &format!("trap '' {ignored}; exec \"$@\""));
        let first = { first }.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
        until("both creates", || emulator.writes().len() == writes + 2);
        signal(&first, ignored);
        Said::from(first.wait_with_output().unwrap()).exits(0).tells("2 created");
        whole(&project, &emulator, 2);
        Said::of(project.command(&emulator, "destroy --auto-approve").env("SINDRI_LIST_LAG", "1s")).exits(0);
        project.forget_when_it_created();
    }
}

#[test]
fn the_next_apply_finishes_one_killed_at_any_point() {
    side_by_side([1, 3, 6, 10], |creates| {
        let (emulator, project) = (Emulator::with_faults(slow_answers(0.1, 1.5)), Project::new(&fleet(10)));
        let mut first = spawn(&project, &emulator, "apply --auto-approve --parallelism 4");
        until("so many creates", || emulator.writes().len() >= creates);
        first.kill().unwrap();
        first.wait().unwrap();
        emulator.faults(json!([]));
        project.run(&emulator, APPLY).exits(0);
        whole(&project, &emulator, 10);
    });
}

#[test]
fn a_lost_create_is_sent_again_only_after_the_lists_would_show_it() {
    let latency = json!({ "latency": { "seconds": 600 } });
    let rules = json!([fault(json!({ "operation": "createPod" }), latency)]);
    let (emulator, project) = (Emulator::with_faults(rules), Project::new(&fleet(2)));
    let mut first = spawn(&project, &emulator, APPLY);
    until("two intents", || {
        let journal = project.path("state/default.journal");
        std::fs::read_to_string(journal)
            .is_ok_and(|journal| journal.lines().filter(|line| line.contains("intent")).count() == 2)
    });
    first.kill().unwrap();
    first.wait().unwrap();
    emulator.faults(json!([]));
    // RunPod's lists lag for two minutes, but waiting for all of them would prove nothing more.
    let start = Instant::now();
    let said = Said::of(project.command(&emulator, APPLY).env("SINDRI_LIST_LAG", "6s"));
    let said = said.exits(0).warns("it was never created").tells("2 created");
    let lists = emulator.requests().iter().filter(|request| *request == "GET /v2/pods").count();
    assert!(lists >= 4, "{lists} lists\n{}", said.stderr);
    assert!(start.elapsed() >= Duration::from_secs(5), "the intents were a moment old: {:?}", start.elapsed());
    whole(&project, &emulator, 2);
}

#[test]
fn the_next_destroy_finishes_a_killed_one() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(6)));
    project.run(&emulator, APPLY).exits(0);
    project.forget_when_it_created();
    let latency = json!({ "latency": { "seconds": 0.3, "side": "afterEffect" } });
    emulator.faults(json!([fault(json!({ "operation": "deletePod" }), latency)]));
    let before = emulator.writes().len();
    let mut first = spawn(&project, &emulator, "destroy --auto-approve --parallelism 2");
    until("three deletes", || emulator.writes().len() >= before + 3);
    first.kill().unwrap();
    first.wait().unwrap();
    emulator.faults(json!([]));
    Said::of(project.command(&emulator, "destroy --auto-approve").env("SINDRI_LIST_LAG", "3s")).exits(0);
    assert_eq!(emulator.pod_names(), Vec::<String>::new());
    assert_eq!(recorded(&project), BTreeSet::new());
}

#[test]
fn unlock_names_a_running_holder_and_cleans_up_after_a_dead_one() {
    let (emulator, project) = (Emulator::with_faults(slow_answers(600.0, 600.0)), Project::new(&fleet(2)));
    let json = project.run(&emulator, "unlock --json").exits(0).json();
    assert_eq!(json, json!({ "format_version": "1.0", "held": false, "left_by": null, "recorded": [], "pending": [] }));
    assert!(!project.path("state").exists(), "where nothing was, nothing is made");
    let mut first = spawn(&project, &emulator, APPLY);
    until("both creates", || emulator.writes().len() == 2);
    let (pid, stored) = (first.id(), project.read("state/default.lock"));
    let said = project.run(&emulator, "unlock").exits(4).warns("cli::held").warns("`apply`");
    said.warns(&format!("process {pid}")).warns(&format!("`kill {pid}`")).warns("since 20");
    assert_eq!(project.read("state/default.lock"), stored, "it keeps the lock and its name");
    assert_eq!(emulator.writes().len(), 2);

    first.kill().unwrap();
    first.wait().unwrap();
    let json = project.run(&emulator, "unlock --json").exits(0).json();
    assert_eq!(
        (&json["held"], &json["left_by"]["pid"], &json["left_by"]["what"]),
        (&json!(false), &json!(pid), &json!("apply"))
    );
    let open: Vec<&Value> = json["pending"].as_array().unwrap().iter().map(|open| &open["address"]).collect();
    assert_eq!(open, ["pod.worker[0]", "pod.worker[1]"], "{json}");
    assert_eq!(project.read("state/default.lock"), "");
    assert_eq!((&json["recorded"], recorded(&project)), (&json!([]), BTreeSet::new()), "nothing but the lineage");
    let said = project.run(&emulator, "unlock").exits(0).tells("The lock is free").tells("pod.worker[1]  create");
    said.tells("The next `sindri apply`");
    emulator.faults(json!([]));
    project.run(&emulator, APPLY).exits(0);
    whole(&project, &emulator, 2);
}

#[test]
fn unlock_writes_the_journal_of_a_dead_holder_to_the_state_file_without_requests() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(3)));
    // The third answer never arrives.
    let slow = json!({ "latency": { "seconds": 600, "side": "afterEffect" } });
    emulator.faults(json!([fault(json!({ "operation": "createPod", "pod": "bare-worker-2" }), slow)]));
    let mut first = spawn(&project, &emulator, APPLY);
    let outcomes = || std::fs::read_to_string(project.path("state/default.journal")).unwrap_or_default();
    until("two answers", || emulator.writes().len() == 3 && outcomes().matches("outcome").count() == 2);
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(!project.path("state/default.json").exists());
    let asked = emulator.requests();
    // Other errors in the configuration do not interfere.
    let config = project.read("sindri.yaml");
    project.write("sindri.yaml", &config.replace("RTX A4000", "RTX A400O"));
    let said = project.run(&emulator, "unlock").exits(0).tells("default.json`, without contacting RunPod: 6 records\n");
    said.tells("  pod.worker[0]\n  pod.worker[1]\n").tells("unknown outcome: 1\n  pod.worker[2]  create");
    project.write("sindri.yaml", &config);
    assert_eq!(emulator.requests(), asked, "RunPod is not asked");
    assert_eq!(recorded(&project).len(), 2);
    assert!(outcomes().contains("intent") && !outcomes().contains("outcome"), "{}", outcomes());
    let (state, journal) = (project.read("state/default.json"), outcomes());
    let json = project.run(&emulator, "unlock --json").exits(0).json();
    assert_eq!((&json["recorded"], &json["pending"][0]["address"]), (&json!([]), &json!("pod.worker[2]")));
    assert_eq!((project.read("state/default.json"), outcomes()), (state, journal), "once is enough");
    emulator.faults(json!([]));
    project.run(&emulator, APPLY).exits(0);
    whole(&project, &emulator, 3);
}

/// A pod whose container never starts, with a short time limit.
const HOPELESS: &str = r#"version: "3.0"
name: hopeless
deployment:
  provider: runpod
  image: emulator/cuda-too-new:1
providers:
  runpod:
    pods:
      a: { gpuType: NVIDIA RTX A4000, volumeSizeGb: 0, timeouts: { create: 5s } }
"#;

#[test]
fn after_an_apply_is_killed_while_waiting_the_next_one_waits() {
    let ends = [("KILL", None), ("INT", Some(130)), ("TERM", Some(130)), ("HUP", Some(130))];
    side_by_side(ends, |(name, code)| {
        let (emulator, project) = (Emulator::start(), Project::new(&HOPELESS.replace("5s", "1h")));
        let mut first = spawn(&project, &emulator, APPLY);
        until("the create is recorded", || has_recorded_a_create(&project));
        signal(&first, name);
        assert_eq!(first.wait().unwrap().code(), code, "{name}");
        // Neither time nor another command makes it ready.
        project.run(&emulator, "plan --detailed-exitcode").exits(2).tells("Not ready yet").tells("Creating, created");
        project.run(&emulator, "connect --print").exits(1).warns("is not ready yet").warns("sindri wait pod.a");
        project.write("sindri.yaml", HOPELESS);
        let said = project.run(&emulator, APPLY).exits(1).tells("[not_ready]").tells("It is tainted");
        assert!(said.stderr.contains("pod.a: waiting for"), "{}", said.stderr);
        project.run(&emulator, "plan --detailed-exitcode").exits(2).tells("it never became ready (tainted)");
        project.run(&emulator, "drift").exits(2).tells("1 not-ready");
        assert_eq!(emulator.writes(), ["POST /v2/pods"], "nothing but the one create");
    });
}

/// A ready pod, and a change that needs no poll.
fn with_a_small_change() -> (Emulator, Project) {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    project.write("sindri.yaml", &format!("{BARE}    locked: true\n"));
    (emulator, project)
}

/// The pods are listed before an apply, and again for the addresses after it.
fn once_it_is_complete(effect: Value) -> Value {
    json!([fault(json!({ "operation": "listPods", "nth": 2 }), effect)])
}

fn pod_lists(emulator: &Emulator) -> usize {
    emulator.requests().iter().filter(|line| *line == "GET /v2/pods").count()
}

#[test]
fn the_addresses_after_an_apply_come_from_its_last_poll() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0).tells("1 created").tells("web terminal");
    let requests = emulator.requests();
    let created = requests.iter().position(|line| line == "POST /v2/pods").expect("a create");
    let polls = requests[created..].iter().filter(|line| *line == "GET /v2/pods").count();
    assert!(requests[created + 1..].iter().all(|line| line == "GET /v2/pods"), "{requests:?}");
    // The pod is ready after 1.4 s, and the polls come 1 s and 2 s after the create.
    assert!(polls <= 3, "{requests:?}");
}

#[test]
fn a_complete_apply_does_not_fail_because_addresses_cannot_be_listed() {
    let (emulator, project) = with_a_small_change();
    emulator.faults(once_it_is_complete(json!({ "status": { "code": 401 } })));
    let said = project.run(&emulator, APPLY).exits(0).tells("1 updated");
    said.warns("the apply is complete").warns("could not be listed").warns("sindri output");
}

#[test]
fn an_interrupt_after_a_complete_apply_exits_at_once() {
    let (emulator, project) = with_a_small_change();
    emulator.faults(once_it_is_complete(json!({ "latency": { "seconds": 600, "side": "afterEffect" } })));
    let before = pod_lists(&emulator);
    let child = spawn(&project, &emulator, APPLY);
    until("the second list", || pod_lists(&emulator) == before + 2);
    signal(&child, "INT");
    let start = Instant::now();
    Said::from(child.wait_with_output().unwrap()).exits(0).tells("1 updated").warns("The apply itself is complete");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
