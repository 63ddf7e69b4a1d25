//! The reviewed plan is the one applied: plans by id and from files, partial plans, plans without an account.

use serde_json::{Value, json};

use crate::cli::interrupt::{has_recorded_a_create, spawn};
use crate::support::{BARE, Emulator, PAIR, Project, Said, until};

fn plan_id(plan: &Value) -> String {
    plan["sindri"]["plan_id"].as_str().expect("a plan id").to_owned()
}

/// `PAIR`, applied.
fn applied() -> (Emulator, Project) {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply -y").exits(0);
    (emulator, project)
}

#[test]
fn an_id_approves_exactly_this_plan() {
    let (emulator, project) = applied();
    project.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    let id = plan_id(&project.run(&emulator, "plan --json").exits(0).json());
    project.run(&emulator, "plan").exits(0).tells(&format!("Plan id: {id}\n"));
    let (writes, stored) = (emulator.writes(), project.stored());

    let said = project.run(&emulator, "apply --expect 0123456789abcdef").exits(5);
    said.warns("the plan `0123456789abcdef` was expected").warns(&format!("--expect {id}")).tells("-/+ pod.notebook");
    project.edit("gpuType: NVIDIA RTX A5000", "gpuType: NVIDIA L4");
    project.run(&emulator, &format!("apply --expect {id}")).exits(5).warns("nothing was changed");
    let error = project.run(&emulator, &format!("apply --json --expect {id}")).exits(5).stderr;
    let error: Value = serde_json::from_str(error.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&error["code"], &error["exit_code"]), (&"sindri::cli::unexpected_plan".into(), &5.into()));
    assert_eq!(emulator.writes(), writes, "a plan that was not expected sends nothing");
    assert_eq!(project.stored(), stored);

    // The 20 GB pod volume that it loses needs no separate flag: the id approves everything in the plan.
    project.edit("gpuType: NVIDIA L4", "gpuType: NVIDIA RTX A5000");
    project.run(&emulator, &format!("apply --expect {id}")).exits(0).tells("1 replaced");
    project.run(&emulator, &format!("apply --expect {id}")).exits(5).warns("there is nothing left to do");
}

#[test]
fn a_saved_plan_is_shown_unchanged_and_applied_unless_stale() {
    let (emulator, project) = applied();
    project.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    let text = project.run(&emulator, "plan --out plan.json").exits(0).stdout;
    let json = project.run(&emulator, "plan --json").exits(0).json();
    assert_eq!(project.offline("show plan.json").exits(0).stdout, text);
    let shown = project.offline("show plan.json --json").exits(0).json();
    for member in ["sindri", "resource_drift", "format_version", "applyable"] {
        let (mut shown, mut json) = (shown[member].clone(), json[member].clone());
        // The plan's requests are made again; their number is not in the file.
        for value in [&mut shown, &mut json] {
            value.as_object_mut().map(|members| members.remove("requests"));
        }
        assert_eq!(shown, json, "{member}");
    }

    // Another change is pending in the meantime. It is reported and not applied.
    project.edit(
        "        gpuType: NVIDIA A100-SXM4-80GB\n",
        "        gpuType: NVIDIA A100-SXM4-80GB\n        gpuCount: 2\n",
    );
    let trainer = project.id("pod.trainer");
    project.run(&emulator, "apply plan.json").exits(0).tells("1 replaced").tells("also pending, but not in this plan");
    assert_eq!(project.id("pod.trainer"), trainer);
    // The second time nothing is left to do, and nothing else is done.
    let writes = emulator.writes();
    project.run(&emulator, "apply plan.json").exits(0);
    assert_eq!(emulator.writes(), writes);
}

#[test]
fn a_stale_plan_is_refused_with_the_changed_fields() {
    let (emulator, project) = applied();
    project.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    project.run(&emulator, "plan --out plan.json").exits(0);
    let (writes, stored) = (emulator.writes(), project.stored());

    project.edit("gpuType: NVIDIA RTX A5000", "gpuType: NVIDIA L4");
    let moved = "`pod.notebook`: the configuration has a different `gpu_types` (sindri.yaml:15)";
    project.run(&emulator, "apply plan.json").exits(5).warns(moved).warns("nothing was changed");
    project.run(&emulator, "apply --expect plan.json").exits(5).warns(moved);
    project.edit("gpuType: NVIDIA L4", "gpuType: NVIDIA RTX A5000");

    // Another branch has replaced the pod in the meantime, and committed its state.
    let state = project.read("state/default.json");
    project.forget_when_it_created();
    project.write("state/default.json", &state.replace(&project.id("pod.notebook"), "0th3rbr4nch"));
    let said = project.run(&emulator, "apply plan.json").exits(5);
    said.warns("`pod.notebook`: its record in the state has a different `id`");
    project.write("state/default.json", &state);

    let (status, _) = emulator.ask("DELETE", &format!("/v2/pods/{}", project.id("pod.notebook")), None);
    assert_eq!(status, 204);
    project.run(&emulator, "apply plan.json").exits(5).warns("`pod.notebook`: RunPod no longer shows it");
    assert_eq!(emulator.writes().len(), writes.len() + 1, "the one by hand");
    let of = |files: Vec<(String, Vec<u8>)>| {
        files.into_iter().filter(|(name, _)| name.ends_with(".json")).collect::<Vec<_>>()
    };
    assert_eq!(of(project.stored()), of(stored));
}

#[test]
fn a_plan_is_for_one_environment_and_its_file_is_complete() {
    let (emulator, project) = applied();
    project.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    project.run(&emulator, "plan --out plan.json").exits(0);
    let plan = project.read("plan.json");

    project.write("changed.json", &plan.replace("\"size_gb\": 20", "\"size_gb\": 0"));
    for command in ["show changed.json", "apply changed.json"] {
        project.run(&emulator, command).exits(1).warns("was changed after it was written");
    }
    project.write("newer.json", &plan.replacen("\"format_version\": 2", "\"format_version\": 9", 1));
    project.run(&emulator, "show newer.json").exits(1).warns("has format 9");
    project.run(&emulator, "show nowhere.json").exits(1).warns("cannot read the plan");
    project.run(&emulator, "apply plan.json --expect 0123456789abcdef").exits(5);
    project.run(&emulator, "apply plan.json --target pod.notebook").exits(64);

    for (file, reason) in
        [("sindri.yaml", "exists and is not a saved plan"), ("state/default.json", "sindri keeps a state")]
    {
        let before = project.read(file);
        project.run(&emulator, &format!("plan --out {file}")).exits(1).warns(reason);
        assert_eq!(project.read(file), before);
    }

    project.write("sindri.other.yaml", "");
    project.run(&emulator, "apply plan.json -e other").exits(5).warns("created for the environment `default`");
    assert_eq!(emulator.pods().len(), 2);
}

#[test]
fn a_partial_plan_lists_what_it_leaves_out() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    let said = project.run(&emulator, "plan --target pod.trainer").exits(2);
    said.tells("Partial plan").tells("+   create  pod.notebook").tells("network_volume.data");
    let json = project.run(&emulator, "plan --json --target pod.trainer").exits(2).json();
    assert_eq!(json["complete"], false);
    assert_eq!(json["sindri"]["partial"]["left_out"][0]["address"], "pod.notebook");

    project.run(&emulator, "apply -y --target pod.trainer").exits(2).tells("2 created");
    assert_eq!(emulator.pod_names(), ["story-trainer"]);
    project.run(&emulator, "apply -y --target pod.trainer").exits(2).tells("the rest does not match the configuration");
    project.run(&emulator, "apply -y --target pod.notebok").exits(1).warns("did you mean `pod.notebook`?");
    project.run(&emulator, "apply -y --target pod.notebook").exits(0);
    project.run(&emulator, "plan --target pod.notebook --detailed-exitcode").exits(0);

    let before = project.id("pod.notebook");
    project.run(&emulator, "plan --replace pod.notebook").exits(0).tells("`--replace pod.notebook` requests it");
    project.run(&emulator, "apply -y --allow-data-loss --replace pod.notebook").exits(0).tells("1 replaced");
    assert_ne!(project.id("pod.notebook"), before);

    let said = project.run(&emulator, "plan --destroy --only forget").exits(0);
    said.tells("2 other changes not shown").tells("2 DESTROY");
    project.run(&emulator, "plan --only smash").exits(64).warns("The actions are");
}

#[test]
fn a_plan_without_refresh_sends_no_requests() {
    let (emulator, project) = applied();
    project.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    let asked = emulator.requests().len();
    let mut command = project.command(&emulator, "plan --refresh=false");
    command.env_remove("RUNPOD_API_KEY");
    crate::support::Said::of(&mut command).exits(0).tells("-/+ pod.notebook").tells("Not refreshed from RunPod.");
    assert_eq!(emulator.requests().len(), asked);
    // Nothing is applied from the state alone: the plan is compared with the observed objects, and is the same.
    project.run(&emulator, "plan --refresh=false --out plan.json").exits(0);
    let id = project.offline("show plan.json --id").exits(0).stdout;
    assert_eq!(id.trim(), plan_id(&project.run(&emulator, "plan --json").exits(0).json()));
    project.run(&emulator, "apply plan.json").exits(0).tells("1 replaced");
}

#[test]
fn refresh_only_records_observed_values() {
    let (emulator, project) = applied();
    let id = project.id("pod.trainer");
    let changes = serde_json::json!({ "event": "edit", "changes": { "name": "renamed" } });
    assert_eq!(emulator.ask("POST", &format!("/_emu/pods/{id}/event"), Some(changes)).0, 200);
    project.run(&emulator, "plan").exits(0).tells("changed at RunPod, not in sindri.yaml");
    let said = project.run(&emulator, "plan --refresh-only --detailed-exitcode").exits(2);
    said.tells("The state records 1 outside change from RunPod").tells("the state records it");
    let writes = emulator.writes();
    project.run(&emulator, "apply --refresh-only -y").exits(0);
    assert_eq!(emulator.writes(), writes, "nothing changes there");
    assert_eq!(project.state()["resources"]["pod.trainer"]["inputs"]["name"], "renamed");
    project.run(&emulator, "plan --refresh-only --detailed-exitcode").exits(0).tells("The state matches RunPod.");
}

/// Terraform accepts such a plan, because both states have the same serial, and drops the other branch's resources.
#[test]
fn a_plan_of_one_branch_removes_nothing_created_on_another() {
    let (emulator, project) = applied();
    let with = |pods: &[&str]| {
        let blocks: String =
            pods.iter().map(|name| format!("      {name}: {{ gpuType: NVIDIA L4, volumeSizeGb: 0 }}\n")).collect();
        format!("{PAIR}{blocks}")
    };
    project.write("sindri.yaml", &with(&["one"]));
    project.run(&emulator, "plan --out one.json").exits(0).tells("1 create");
    project.write("sindri.yaml", &with(&["two"]));
    project.run(&emulator, "apply -y").exits(0).tells("1 created");
    let (two, writes) = (project.id("pod.two"), emulator.writes());

    // On the other branch it is not declared.
    let said = project.run(&emulator, "apply one.json").exits(5);
    said.warns("`pod.one`: it is no longer declared");
    assert_eq!(emulator.writes(), writes);
    // After a merge, it is created beside the other branch's resources.
    project.write("sindri.yaml", &with(&["one", "two"]));
    project.run(&emulator, "apply one.json").exits(0).tells("1 created");
    assert_eq!(project.id("pod.two"), two);
    assert_eq!(emulator.pod_names(), ["story-notebook", "story-one", "story-trainer", "story-two"]);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);

    // Both branches replace the same pod. The later plan names its record.
    project.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    project.run(&emulator, "plan --out second.json").exits(0);
    project.edit("gpuType: NVIDIA RTX A5000", "gpuType: NVIDIA RTX A6000");
    project.run(&emulator, "apply -y --allow-data-loss").exits(0);
    project.edit("gpuType: NVIDIA RTX A6000", "gpuType: NVIDIA RTX A5000");
    let writes = emulator.writes();
    let said = project.run(&emulator, "apply second.json").exits(5);
    said.warns("`pod.notebook`: its record in the state has a different `id`");
    assert_eq!(emulator.writes(), writes);
}

/// `pod.a` starts at once; pulling the image of `pod.b` takes half an hour.
fn pair_with_a_slow_pod() -> Project {
    Project::new(&format!("{BARE}    pods: {{ a: {{ name: first }}, b: {{ image: \"emulator/slow:1\" }} }}\n"))
}

#[test]
fn a_saved_plan_waits_for_the_resources_that_it_listed() {
    let (emulator, project) = (Emulator::start(), pair_with_a_slow_pod());
    let mut first = spawn(&project, &emulator, "apply -y");
    until("both pods are recorded", || {
        let journal = std::fs::read_to_string(project.path("state/default.journal")).unwrap_or_default();
        has_recorded_a_create(&project) && journal.matches("\"outcome\"").count() >= 2
    });
    first.kill().unwrap();
    first.wait().unwrap();
    until("the first pod is ready", || {
        let said = project.run(&emulator, "plan").stdout;
        said.contains("pod.b") && !said.contains("pod.a ")
    });
    project.edit("first", "renamed");
    project.run(&emulator, "plan --out plan.json").tells("~   pod.a").tells("Not ready yet").tells("pod.b");

    let mut applying = spawn(&project, &emulator, "apply plan.json");
    until("the update is sent", || emulator.writes().iter().any(|request| request.starts_with("PATCH ")));
    let lists = emulator.requests().len();
    until("it looks again", || applying.try_wait().unwrap().is_some() || emulator.requests().len() > lists + 3);
    assert!(applying.try_wait().unwrap().is_none(), "it waits for `pod.b`");
    emulator.ask("POST", "/_emu/clock", Some(json!({ "advance": 3_600 })));
    Said::from(applying.wait_with_output().unwrap()).exits(0).tells("1 ready");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_saved_plan_that_leaves_a_pod_unready_is_not_a_full_success() {
    let (emulator, project) = (Emulator::start(), pair_with_a_slow_pod());
    project.edit("emulator/slow:1", "example/image:1");
    project.run(&emulator, "apply -y").exits(0);
    project.edit("first", "renamed");
    project.run(&emulator, "plan --out plan.json").exits(0).tells("~   pod.a");
    let id = project.id("pod.b");
    for event in
        [json!({ "event": "stop" }), json!({ "event": "start" }), json!({ "event": "hostDown", "seconds": 100_000 })]
    {
        assert_eq!(emulator.ask("POST", &format!("/_emu/pods/{id}/event"), Some(event)).0, 200);
    }
    project.run(&emulator, "apply plan.json").exits(2).tells("1 updated").tells("pod.b");
}
