//! GitHub: from a pull request to an empty plan again, and what must not happen on the way.

use serde_json::{Value, json};

use crate::golden;
use crate::runner::{Ran, Trigger, run};
use crate::stage::{HF_TOKEN, Stage};
use crate::support::KEY;

const REPOSITORY: &str = "team/gpus";

fn secrets() -> Value {
    json!({ "RUNPOD_READ_KEY": KEY, "RUNPOD_WRITE_KEY": KEY, "HF_TOKEN": HF_TOKEN })
}

fn github(event: Value, reference: &str, sha: &str) -> Value {
    json!({
        "repository": REPOSITORY, "actor": "person", "token": "ghs_token", "event": event, "sha": sha,
        "ref": reference, "ref_name": reference.trim_start_matches("refs/heads/"),
    })
}

/// A pull request of a branch of the developer's; the origin holds the merge that would come of it.
fn pull_request(stage: &Stage, number: u32, from: &str) -> Trigger {
    let sha = stage.git("desk", &["rev-parse", "HEAD"]);
    let reference = format!("refs/pull/{number}/merge");
    stage.git("desk", &["push", "--quiet", "--force", "origin", &format!("HEAD:{reference}")]);
    let event = json!({ "pull_request": { "number": number, "head": { "repo": { "full_name": from } } } });
    Trigger { github: github(event, &reference, &sha), inputs: json!({}), secrets: secrets() }
}

fn push(sha: &str) -> Trigger {
    Trigger { github: github(json!({}), "refs/heads/main", sha), inputs: json!({}), secrets: secrets() }
}

fn by_hand(stage: &Stage, environment: &str, plan_id: &str) -> Trigger {
    let sha = stage.git("origin.git", &["rev-parse", "main"]);
    Trigger { inputs: json!({ "environment": environment, "plan_id": plan_id }), ..push(&sha) }
}

/// The platform knows of which pull request a commit is the merge.
fn merged(stage: &Stage, branch: &str, number: u32) -> String {
    let sha = stage.merge(branch);
    let pulls = json!([
        { "number": 1, "merged_at": null, "merge_commit_sha": "0000" },
        { "number": number, "merged_at": "2026-11-23T10:00:00Z", "merge_commit_sha": sha },
    ]);
    stage.put(&format!("commits/{sha}.json"), &pulls);
    sha
}

/// The workflow's comments on a pull request: those of the bot.
fn comments(stage: &Stage, number: u32) -> Vec<String> {
    let all = stage.platform(&format!("comments-{number}.json"));
    let own = all.iter().filter(|comment| comment["user"]["type"] == "Bot");
    own.map(|comment| comment["body"].as_str().expect("text").to_owned()).collect()
}

fn plan_ids(ran: &[Ran]) -> Vec<String> {
    ran.iter().map(|ran| ran.outputs["plan"]["plan_id"].clone()).collect()
}

#[track_caller]
fn all_went(ran: Vec<Ran>, well: bool) -> Vec<Ran> {
    assert_eq!(ran.len(), 2, "one job per environment");
    ran.into_iter().map(|ran| ran.went(well)).collect()
}

/// Somebody writes a comment that looks like the workflow's.
fn imitate(stage: &Stage, number: u32, plan_id: &str) {
    let file = format!("comments-{number}.json");
    let mut all = stage.platform(&file);
    for environment in ["staging", "prod"] {
        let body = format!("<!-- sindri-plan {environment} {plan_id} 2 -->\nLooks good to me.");
        all.insert(0, json!({ "id": all.len() + 1000, "user": { "login": "person", "type": "User" }, "body": body }));
    }
    stage.put(&file, &json!(all));
}

#[test]
fn from_a_pull_request_to_an_empty_plan_again() {
    let Some(stage) = Stage::new() else { return };
    let writes = stage.emulator.writes();

    // A pull request: a plan for each environment, as a comment that is brought up to date.
    stage.git("desk", &["checkout", "--quiet", "-b", "larger"]);
    stage.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    stage.commit("a larger notebook");
    imitate(&stage, 12, "0123456789abcdef");
    let first = all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 12, REPOSITORY)), true);
    assert_eq!(comments(&stage, 12).len(), 2);
    golden::check("plan.md", &stage.settled(&comments(&stage, 12)[1]));
    assert_eq!(first[1].summary, comments(&stage, 12)[1]);
    assert_eq!(first[1].outputs["plan"]["changes"], "true");
    assert_eq!(plan_ids(&first).len(), 2);

    let posted = |stage: &Stage| stage.calls().iter().filter(|call| call.contains("--field")).count();
    all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 12, REPOSITORY)), true);
    assert_eq!(posted(&stage), 2, "the same plan is not said twice");
    stage.edit("gpuType: NVIDIA RTX A5000", "gpuType: NVIDIA RTX A6000");
    stage.commit("larger still");
    let second = all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 12, REPOSITORY)), true);
    assert_eq!((posted(&stage), comments(&stage, 12).len()), (4, 2), "the comments of before, brought up to date");
    assert_ne!(plan_ids(&first), plan_ids(&second));
    assert_eq!(stage.emulator.writes(), writes, "plans change nothing");

    // Merged: what was reviewed is what runs, whatever people write, and the state is on the main branch after it.
    imitate(&stage, 12, "fedcba9876543210");
    let before = stage.id("prod", "pod.notebook");
    let sha = merged(&stage, "larger", 12);
    let applied = all_went(run(&stage, "sindri-apply.yml", &push(&sha)), true);
    golden::check("apply.md", &stage.settled(&applied[1].summary));
    assert_ne!(stage.id("prod", "pod.notebook"), before);
    stage.git("desk", &["pull", "--quiet", "origin", "main"]);
    stage.sindri("-e prod plan --detailed-exitcode").exits(0);
    stage.sindri("-e staging state verify").exits(0);

    // Night: somebody was in the console.
    let drift = |trigger: &Trigger| all_went(run(&stage, "sindri-drift.yml", trigger), true);
    let writes = stage.emulator.writes();
    let night = push(&sha);
    drift(&night);
    assert_eq!(stage.platform("issues.json"), Vec::<Value>::new(), "nothing to tell");
    stage.tamper("prod", "pod.trainer", json!({ "image": "ghcr.io/example/trainer:debug" }));
    drift(&night);
    let issues = stage.platform("issues.json");
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0]["title"], "Drift in prod");
    golden::check("drift.md", &stage.settled(issues[0]["body"].as_str().expect("text")));
    drift(&night);
    assert_eq!(stage.platform("issues.json"), issues, "one issue, however many nights");
    assert_eq!(stage.emulator.writes(), writes, "looking changes nothing");

    // Fixed by hand, by the id that the issue names.
    let body = issues[0]["body"].as_str().expect("text");
    let (_, rest) = body.split_once("--expect ").expect("the issue says how");
    let refused = run(&stage, "sindri-apply.yml", &by_hand(&stage, "prod", "0123456789abcdef"));
    let [refused] = &refused[..] else { panic!("only the environment that was named") };
    assert!(refused.failed);
    golden::check("stale.md", &stage.settled(&refused.summary));
    assert_eq!(stage.emulator.writes(), writes, "another id changes nothing");
    for ran in run(&stage, "sindri-apply.yml", &by_hand(&stage, "prod", &rest[..16])) {
        ran.went(true);
    }
    drift(&night);
    let issues = stage.platform("issues.json");
    assert_eq!((issues.len(), &issues[0]["state"]), (1, &json!("closed")));
    golden::check("settled.md", issues[0]["comment"].as_str().expect("text"));

    // The end: nothing is to be done, and nobody has to approve that.
    let writes = stage.emulator.writes();
    stage.git("desk", &["pull", "--quiet", "origin", "main"]);
    stage.write("README.md", "GPUs of the team.\n");
    let sha = stage.commit("a word for readers");
    let nothing = all_went(run(&stage, "sindri-apply.yml", &push(&sha)), true);
    golden::check("nothing.md", &stage.settled(&nothing[1].summary));
    assert_eq!(stage.emulator.writes(), writes);
    stage.holds_no_secret();
    for ran in applied.iter().chain(&first) {
        stage.is_no_secret(&ran.log);
    }
}
