//! GitLab: a note on the merge request, an apply of the reviewed plan, an issue about drift.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::ci::runner::yaml;
use crate::ci::stage::{HF_TOKEN, Stage, examples, settled};
use crate::support::golden;
use crate::support::{KEY, Said};

pub fn pipeline() -> Value {
    yaml(&fs::read_to_string(examples().join("gitlab/.gitlab-ci.yml")).expect("a pipeline")).expect("YAML")
}

/// The variables of a pipeline.
type Variables = BTreeMap<String, String>;

fn variables(source: &str, more: &[(&str, &str)]) -> Variables {
    let always = [
        ("CI", "true"),
        ("CI_PIPELINE_SOURCE", source),
        ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
        ("CI_SERVER_HOST", "gitlab.example"),
        ("CI_PROJECT_ID", "7"),
        ("CI_PROJECT_PATH", "team/gpus"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("SINDRI_REPOSITORY", "https://git.example/sindri"),
        ("SINDRI_VERSION", "v0.1.0"),
        ("SINDRI_NOTES_TOKEN", "glpat-notes"),
        ("SINDRI_PUSH_TOKEN", "glpat-push"),
        ("RUNPOD_READ_KEY", KEY),
        ("RUNPOD_WRITE_KEY", KEY),
        ("HF_TOKEN", HF_TOKEN),
    ];
    always.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Evaluates `$A == "b" && $C == $D`, the only form that the rules use.
fn holds(rule: &str, variables: &Variables) -> bool {
    let value = |word: &str| match (word.trim().strip_prefix('$'), word.trim().strip_prefix('"')) {
        (Some(name), _) => variables.get(name).cloned().unwrap_or_default(),
        (_, Some(text)) => text.trim_end_matches('"').to_owned(),
        _ => panic!("`{word}` in a rule is not simulated"),
    };
    rule.split("&&").all(|part| {
        let (left, right) = part.split_once("==").unwrap_or_else(|| panic!("`{part}` is not simulated"));
        value(left) == value(right)
    })
}

/// The script, or the part that runs if the runner stops it as soon as the apply has ended.
fn stopped(script: &str, variables: &Variables) -> String {
    match variables.get("STOPPED") {
        Some(_) => script.replacen("bash ci/keep-state.sh", "exit 143 #", 1),
        None => script.to_owned(),
    }
}

/// Runs the one job that the rules select, in every environment or in the given one.
fn run(stage: &Stage, reference: &str, variables: &Variables) -> Vec<(PathBuf, Said)> {
    let pipeline = pipeline();
    let base = &pipeline[".sindri"];
    let jobs = pipeline.as_object().expect("jobs").values().filter(|job| job["extends"] == ".sindri");
    let picked: Vec<&Value> =
        jobs.filter(|job| holds(job["rules"][0]["if"].as_str().expect("a rule"), variables)).collect();
    let [job] = picked[..] else { panic!("{} jobs are picked", picked.len()) };
    let lines = [&base["before_script"], &job["script"]].into_iter().flat_map(|list| list.as_array().expect("lines"));
    let script: Vec<&str> = lines.map(|line| line.as_str().expect("text")).collect();
    // Runs in a separate shell, whatever the result of the script.
    let after: Vec<&str> = job["after_script"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let environments = base["parallel"]["matrix"][0]["SINDRI_ENV"].as_array().expect("environments");
    let run = |environment: &Value| {
        let machine = stage.machine(reference, None);
        let mut env = variables.clone();
        env.insert("SINDRI_ENV".to_owned(), environment.as_str().expect("a name").to_owned());
        env.insert("CI_PROJECT_DIR".to_owned(), machine.display().to_string());
        let said = stage.bash(&stopped(&script.join("\n"), &env), &machine, &env);
        stage.bash(&after.join("\n"), &machine, &env).exits(0);
        (machine, said)
    };
    environments.iter().map(run).collect()
}

#[track_caller]
fn all_exit(ran: Vec<(PathBuf, Said)>, code: i32) -> Vec<PathBuf> {
    assert_eq!(ran.len(), 2);
    ran.into_iter().map(|(machine, said)| (machine, said.exits(code)).0).collect()
}

fn notes(stage: &Stage) -> Vec<String> {
    let notes = stage.platform("notes-5.json");
    let own = notes.iter().filter(|note| note["author"]["username"] == "project_7_bot");
    own.map(|note| note["body"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn from_a_merge_request_to_an_empty_plan() {
    let Some(stage) = Stage::new(14020) else { return };
    // The URL that uses the token leads to the origin of this test.
    let config = fs::read_to_string(stage.path("home/.gitconfig")).expect("text");
    let instead = "insteadOf = https://sindri:glpat-push@gitlab.example/team/gpus.git";
    let config = format!("{config}[url \"{}\"]\n{instead}\n", stage.origin());
    fs::write(stage.path("home/.gitconfig"), config).expect("written");
    let writes = stage.emulator.writes();

    stage.git("desk", &["checkout", "--quiet", "-b", "larger"]);
    stage.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    stage.commit("a larger notebook");
    let request = variables("merge_request_event", &[("CI_MERGE_REQUEST_IID", "5")]);
    let imitation =
        json!({ "id": 1, "author": { "username": "person" }, "body": "<!-- sindri-plan prod 0123456789abcdef 2 -->" });
    stage.put("notes-5.json", &json!([imitation]));
    all_exit(run(&stage, "larger", &request), 0);
    golden::check("ci/note.md", &notes(&stage)[1]);
    let changed = |stage: &Stage| stage.calls().iter().filter(|call| call.contains("--request")).count();
    all_exit(run(&stage, "larger", &request), 0);
    assert_eq!((changed(&stage), notes(&stage).len()), (2, 2), "the same plan is not said twice");
    stage.edit("gpuType: NVIDIA RTX A5000", "gpuType: NVIDIA RTX A6000");
    stage.commit("larger still");
    all_exit(run(&stage, "larger", &request), 0);
    assert_eq!((changed(&stage), notes(&stage).len()), (4, 2));

    // Two consecutive mistakes have the same exit code; the note shows the second.
    let config = stage.read("sindri.yaml");
    for slip in ["NVIDIA RTX A600O", "NVIDIA RTX A60000"] {
        stage.write("sindri.yaml", &config.replace("NVIDIA RTX A6000", slip));
        stage.commit("a slip");
        all_exit(run(&stage, "larger", &request), 1);
        assert!(notes(&stage)[1].contains(&format!("`{slip}`")), "{}", notes(&stage)[1]);
    }
    stage.write("sindri.yaml", &config);
    stage.commit("as before");
    all_exit(run(&stage, "larger", &request), 0);
    assert_eq!((changed(&stage), notes(&stage).len()), (10, 2));

    // A fork has none of the variables.
    let mut fork = request.clone();
    for name in ["RUNPOD_READ_KEY", "RUNPOD_WRITE_KEY", "SINDRI_NOTES_TOKEN", "SINDRI_PUSH_TOKEN"] {
        fork.remove(name);
    }
    let asked = stage.emulator.requests();
    all_exit(run(&stage, "larger", &fork), 0);
    assert_eq!((stage.emulator.requests(), changed(&stage)), (asked, 10));
    assert_eq!(stage.emulator.writes(), writes, "plans change nothing");

    let sha = stage.merge("larger");
    let requests = json!([{ "iid": 4, "state": "opened", "target_branch": "main" }, { "iid": 5, "state": "merged", "target_branch": "main" }]);
    stage.put(&format!("commits/{sha}.json"), &requests);
    let push = variables("push", &[("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_SHA", &sha)]);
    // The job times out before the state is saved; it must be saved all the same.
    let mut short = push.clone();
    short.insert("STOPPED".to_owned(), "1".to_owned());
    let machines = all_exit(run(&stage, "main", &short), 143);
    let applied = fs::read_to_string(machines[1].join("apply.md")).expect("text");
    assert!(applied.starts_with("`prod` is up to date.\n"), "{applied}");
    stage.git("desk", &["pull", "--quiet", "origin", "main"]);
    stage.sindri("-e prod plan --detailed-exitcode").exits(0);
    stage.sindri("-e staging plan --detailed-exitcode").exits(0);

    let night = variables("schedule", &[]);
    let writes = stage.emulator.writes();
    stage.tamper("staging", "pod.trainer", json!({ "image": "ghcr.io/example/trainer:debug" }));
    for _ in 0..2 {
        all_exit(run(&stage, "main", &night), 0);
        let issues = stage.platform("issues.json");
        assert_eq!(issues.len(), 1, "{issues:#?}");
        assert_eq!((&issues[0]["title"], &issues[0]["state"]), (&json!("Drift in staging"), &json!("opened")));
    }
    golden::check("ci/issue.md", &settled(stage.platform("issues.json")[0]["description"].as_str().expect("text")));
    assert_eq!(stage.emulator.writes(), writes, "looking changes nothing");

    // The change that reverts the drift was not approved at first; then it is, by its id.
    let ran = run(&stage, "main", &push);
    assert_eq!((ran[0].1.code, ran[1].1.code), (Some(5), Some(0)), "{}", ran[0].1.stderr);
    let id = stage.sindri("-e staging plan --json").exits(0).json()["sindri"]["plan_id"].clone();
    let mut by_hand = push.clone();
    by_hand.insert("PLAN_ID".to_owned(), id.as_str().expect("an id").to_owned());
    all_exit(run(&stage, "main", &by_hand), 0);
    all_exit(run(&stage, "main", &night), 0);
    let issue = &stage.platform("issues.json")[0];
    assert_eq!(issue["state"], "closed");
    assert_eq!(issue["comment"], "Resolved: staging matches its last apply.");
    stage.holds_no_secret();
}
