//! The scripts alone, as any CI runs them: exit codes, remaining files, and the state in git after any event.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::ci::stage::{HF_TOKEN, Stage, settled};
use crate::support::{KEY, Said, fault, until};
use crate::support::{golden, signal};

fn environment() -> BTreeMap<String, String> {
    let env = [("SINDRI_ENV", "prod"), ("RUNPOD_API_KEY", KEY), ("HF_TOKEN", HF_TOKEN)];
    env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn run(stage: &Stage, machine: &Path, script: &str) -> Said {
    stage.bash(&format!("bash ci/{script}"), machine, &environment())
}

/// The id in the first line of `plan.md`.
fn plan_id(machine: &Path) -> String {
    let plan = fs::read_to_string(machine.join("plan.md")).expect("text");
    plan.split(' ').nth(3).expect("an id").to_owned()
}

#[test]
fn the_reviewed_plan_is_applied_and_its_state_is_pushed_beside_other_pushes() {
    let Some(stage) = Stage::new(0) else { return };
    let machine = stage.machine("main", None);
    run(&stage, &machine, "plan.sh").exits(0);
    run(&stage, &machine, "apply.sh").exits(0);
    run(&stage, &machine, "keep-state.sh main").exits(0);

    stage.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    stage.commit("a larger notebook");
    let machine = stage.machine("main", None);
    run(&stage, &machine, "plan.sh").exits(2);
    let writes = stage.emulator.writes();
    run(&stage, &machine, "apply.sh").exits(3);
    run(&stage, &machine, "apply.sh 0123456789abcdef").exits(5);
    assert_eq!(stage.emulator.writes(), writes);
    run(&stage, &machine, &format!("apply.sh {}", plan_id(&machine))).exits(0).tells("1 replaced");

    // Another push happened in the meantime. Both commits are kept, and nothing else from the machine.
    stage.write("README.md", "GPUs of the team.\n");
    stage.commit("a word for readers");
    run(&stage, &machine, "keep-state.sh main").exits(0);
    let head = stage.git("origin.git", &["rev-parse", "main"]);
    let files = stage.git("origin.git", &["show", "--name-only", "--format=%an: %s", "main"]);
    assert_eq!(files, "sindri: state: prod\n\nstate/prod.json");
    run(&stage, &machine, "keep-state.sh main").exits(0);
    assert_eq!(stage.git("origin.git", &["rev-parse", "main"]), head, "once is enough");

    let machine = stage.machine("main", None);
    run(&stage, &machine, "plan.sh").exits(0);
    run(&stage, &machine, "drift.sh").exits(0);
    stage.tamper("prod", "pod.trainer", json!({ "image": "other:1" }));
    run(&stage, &machine, "drift.sh").exits(2);
    stage.holds_no_secret();
}

#[test]
fn a_partly_failed_apply_commits_its_state_and_the_rest_is_another_plan() {
    let Some(stage) = Stage::new(14030) else { return };
    // First the volume, then the pod, so that every run has the same order.
    let volumes = "    networkVolumes:\n";
    stage.edit(volumes, &format!("{volumes}      scratch: {{ sizeGb: 50, region: US-CA-2 }}\n"));
    let config = stage.read("sindri.yaml");
    stage.write("sindri.yaml", &format!("{config}      judge: {{ gpuType: NVIDIA L40S, networkVolume: scratch }}\n"));
    stage.commit("a judge");
    let machine = stage.machine("main", None);
    run(&stage, &machine, "plan.sh").exits(2);
    let approved = plan_id(&machine);
    stage.emulator.faults(json!([fault(
        json!({ "operation": "createPod", "gpu": "NVIDIA L40S" }),
        json!({ "noCapacity": true })
    )]));
    run(&stage, &machine, &format!("apply.sh {approved}")).exits(8);
    golden::check("ci/failed.md", &settled(&fs::read_to_string(machine.join("apply.md")).expect("text")));
    run(&stage, &machine, "keep-state.sh main").exits(0);
    let kept = stage.kept("prod");
    assert!(
        kept["resources"]["network_volume.scratch"].is_object() && kept["resources"]["pod.judge"].is_null(),
        "{kept:#}"
    );

    // The machine and its disk are lost. The next one uses the state, and creates nothing twice.
    stage.emulator.faults(json!([]));
    let machine = stage.machine("main", None);
    let writes = stage.emulator.writes().len();
    run(&stage, &machine, &format!("apply.sh {approved}")).exits(5);
    assert_eq!(stage.emulator.writes().len(), writes);
    run(&stage, &machine, &format!("apply.sh {}", plan_id(&machine))).exits(0).tells("1 created");
    assert_eq!(stage.emulator.writes().len(), writes + 1);
    run(&stage, &machine, "plan.sh").exits(0);
}

#[test]
fn a_cancelled_job_finishes_requests_in_flight_and_commits_its_state() {
    let Some(stage) = Stage::new(0) else { return };
    stage.write("sindri.yaml", &format!("{}      judge: {{ gpuType: NVIDIA L40S }}\n", stage.read("sindri.yaml")));
    stage.commit("a judge");
    let machine = stage.machine("main", None);
    run(&stage, &machine, "plan.sh").exits(2);
    let slow = json!({ "latency": { "seconds": 3, "side": "afterEffect" } });
    stage.emulator.faults(json!([fault(json!({ "operation": "createPod" }), slow)]));
    let writes = stage.emulator.writes().len();
    let mut apply = stage.script(&format!("exec bash ci/apply.sh {}", plan_id(&machine)), &machine, &environment());
    let apply = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash");
    until("the request", || stage.emulator.writes().len() > writes);
    // Like the runner, signals only the first process of the step.
    signal(&apply, "INT");
    let said = Said::from(apply.wait_with_output().expect("it ends")).exits(130).warns("nothing new starts");
    let comment = fs::read_to_string(machine.join("apply.md")).expect("text");
    assert!(comment.contains("ended with exit code 130"), "{comment}\n{}", said.stderr);
    run(&stage, &machine, "keep-state.sh main").exits(0);
    assert!(stage.kept("prod")["resources"]["pod.judge"].is_object());
    stage.emulator.faults(json!([]));
    let writes = stage.emulator.writes();
    let machine = stage.machine("main", None);
    run(&stage, &machine, "apply.sh").exits(0);
    assert_eq!(stage.emulator.writes(), writes, "nothing is made twice");
}

#[test]
fn a_killed_first_apply_commits_its_state_and_nothing_is_created_twice() {
    let Some(stage) = Stage::new(0) else { return };
    // This state was never in git.
    let lab = BTreeMap::from_iter(environment().into_iter().chain([("SINDRI_ENV".to_owned(), "lab".to_owned())]));
    let run = |machine: &Path, script: &str| stage.bash(&format!("bash ci/{script}"), machine, &lab);
    let made = || -> Vec<String> {
        let names = stage.emulator.pod_names().into_iter().filter(|name| name.contains("lab"));
        names.chain(stage.emulator.writes().into_iter().filter(|write| write.contains("POST"))).collect()
    };
    stage.write("sindri.lab.yaml", "budget: { maxHourly: 8.00 }\n");
    stage.commit("a lab");
    let machine = stage.machine("main", None);
    run(&machine, "plan.sh").exits(2);
    let slow = json!({ "latency": { "seconds": 600, "side": "afterEffect" } });
    stage.emulator.faults(json!([fault(json!({ "operation": "createPod", "gpu": "NVIDIA RTX A4000" }), slow)]));
    let writes = stage.emulator.writes().len();
    let mut apply = stage.script(&format!("exec bash ci/apply.sh {}", plan_id(&machine)), &machine, &lab);
    let mut apply = apply.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("bash");
    let journal = || fs::read_to_string(machine.join("state/lab.journal")).unwrap_or_default();
    until("a volume, a pod, and a pod without an answer", || {
        stage.emulator.writes().len() == writes + 3 && journal().matches("outcome").count() == 2
    });
    // Signals all processes of the job, as when the machine runs out of memory.
    let sent = Command::new("kill").args(["-KILL", "--", &format!("-{}", apply.id())]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    apply.wait().expect("it ends");
    let all = made();
    assert!(!machine.join("state/lab.json").exists());

    run(&machine, "keep-state.sh main").exits(0).tells("pod.notebook  create");
    let kept = stage.kept("lab");
    assert!(kept["resources"]["pod.trainer"].is_object() && kept["resources"]["pod.notebook"].is_null(), "{kept:#}");
    assert!(kept["resources"]["network_volume.datasets"].is_object(), "{kept:#}");

    // The journal is lost with its machine.
    stage.emulator.faults(json!([]));
    let machine = stage.machine("main", None);
    run(&machine, "plan.sh");
    run(&machine, &format!("apply.sh {}", plan_id(&machine))).exits(0);
    run(&machine, "plan.sh").exits(0);
    run(&machine, "keep-state.sh main").exits(0);
    assert_eq!(made(), all, "nothing is made twice");
    assert!(stage.kept("lab")["resources"]["pod.notebook"].is_object());
    stage.holds_no_secret();
}

#[test]
fn the_state_is_committed_unchanged_if_the_journal_cannot_be_read() {
    let Some(stage) = Stage::new(0) else { return };
    let machine = stage.machine("main", None);
    let state = fs::read_to_string(machine.join("state/prod.json")).expect("text");
    fs::write(
        machine.join("state/prod.json"),
        state.replace("ghcr.io/example/trainer:1.4", "ghcr.io/example/trainer:1.5"),
    )
    .expect("written");
    // A process of the job is still running, and holds the lock.
    let lock = fs::File::create(machine.join("state/prod.lock")).expect("a lock");
    fs2::FileExt::lock_exclusive(&lock).expect("free");
    run(&stage, &machine, "keep-state.sh main").exits(0).warns("cli::held").warns("prod.journal");
    assert!(stage.kept("prod").to_string().contains("trainer:1.5"));
}

/// The first line of `plan.md`, and the rest.
fn parts(machine: &Path) -> (Vec<String>, String) {
    let plan = fs::read_to_string(machine.join("plan.md")).expect("text");
    let (first, body) = plan.split_once('\n').expect("a line");
    (first.split(' ').map(str::to_owned).collect(), body.to_owned())
}

#[test]
fn a_problem_without_a_plan_is_still_reported() {
    let Some(stage) = Stage::new(0) else { return };
    let machine = stage.machine("main", None);
    fs::remove_file(machine.join("sindri.yaml")).expect("removed");
    run(&stage, &machine, "plan.sh").exits(1).warns("sindri.yaml");
    assert_eq!(parts(&machine).0[..5], ["<!--", "sindri-plan", "prod", "none", "1"]);
    run(&stage, &machine, "apply.sh 0123456789abcdef").exits(1);
    assert!(fs::read_to_string(machine.join("apply.md")).expect("text").contains("ended with exit code 1"));
}

#[test]
fn the_first_line_changes_exactly_when_the_comment_does() {
    let Some(stage) = Stage::new(0) else { return };
    let machine = stage.machine("main", None);
    let planned = |config: &str, code: i32| {
        fs::write(machine.join("sindri.yaml"), config).expect("written");
        run(&stage, &machine, "plan.sh").exits(code);
        parts(&machine)
    };
    let config = stage.read("sindri.yaml");
    // More problems than a comment or a pipe can hold.
    let many: String = (0..400).map(|pod| format!("      pod{pod}: {{ gpuType: RTX 0{pod} }}\n")).collect();
    for (config, code) in
        [(config.replace("A4000", "A400O"), 1), (config.replace("A4000", "A40000"), 1), (config + &many, 1)]
    {
        let (first, body) = planned(&config, code);
        assert_eq!(planned(&config, code), (first.clone(), body.clone()));
        assert!(body.len() < 5000, "{}", body.len());
        let (other, another) = planned(&config.replace("RTX", "RTY"), code);
        assert_eq!(other[..5], first[..5]);
        assert!(other != first && another != body, "{other:?}");
    }
}
