//! GitHub: from a pull request to an empty plan, and everything that must not happen in between.

use serde_json::{Value, json};

use crate::ci::runner::{Ran, Trigger, run};
use crate::ci::stage::{HF_TOKEN, Stage, settled};
use crate::support::KEY;
use crate::support::golden;

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

/// A pull request from a branch of the developer; the origin contains its merge commit.
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

/// The platform knows which pull request a commit merged.
fn merged(stage: &Stage, branch: &str, number: u32) -> String {
    let sha = stage.merge(branch);
    let pulls = json!([
        { "number": 1, "merged_at": null, "merge_commit_sha": "0000" },
        { "number": number, "merged_at": "2026-11-23T10:00:00Z", "merge_commit_sha": sha },
    ]);
    stage.put(&format!("commits/{sha}.json"), &pulls);
    sha
}

/// The workflow's comments on a pull request, which are those of the bot.
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

/// A person writes a comment that imitates the workflow's.
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
fn from_a_pull_request_to_an_empty_plan() {
    let Some(stage) = Stage::new(14011) else { return };
    let writes = stage.emulator.writes();

    // A pull request: each environment's plan is a comment that is kept up to date.
    stage.git("desk", &["checkout", "--quiet", "-b", "larger"]);
    stage.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    stage.commit("a larger notebook");
    imitate(&stage, 12, "0123456789abcdef");
    let first = all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 12, REPOSITORY)), true);
    assert_eq!(comments(&stage, 12).len(), 2);
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
    golden::check("ci/plan.md", &comments(&stage, 12)[1]);
    assert_eq!(stage.emulator.writes(), writes, "plans change nothing");

    // After the merge, the reviewed plan is applied, whatever people comment, and the state is on the main branch.
    imitate(&stage, 12, "fedcba9876543210");
    let before = stage.id("prod", "pod.notebook");
    let sha = merged(&stage, "larger", 12);
    let applied = all_went(run(&stage, "sindri-apply.yml", &push(&sha)), true);
    golden::check("ci/apply.md", &settled(&applied[1].summary));
    assert_ne!(stage.id("prod", "pod.notebook"), before);
    let writes = stage.emulator.writes();
    all_went(run(&stage, "sindri-apply.yml", &push(&sha)), true);
    assert_eq!(stage.emulator.writes(), writes, "the same job again finds its state, and nothing to do");
    stage.git("desk", &["pull", "--quiet", "origin", "main"]);
    stage.sindri("-e prod plan --detailed-exitcode").exits(0);
    stage.sindri("-e staging state verify").exits(0);

    // At night, after someone changed a pod in the console.
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
    golden::check("ci/drift.md", &settled(issues[0]["body"].as_str().expect("text")));
    drift(&night);
    assert_eq!(stage.platform("issues.json"), issues, "one issue, however many nights");
    assert_eq!(stage.emulator.writes(), writes, "looking changes nothing");

    // Repaired manually, with the id from the issue.
    let body = issues[0]["body"].as_str().expect("text");
    let (_, rest) = body.split_once("--expect ").expect("the issue says how");
    let refused = run(&stage, "sindri-apply.yml", &by_hand(&stage, "prod", "0123456789abcdef"));
    let [refused] = &refused[..] else { panic!("only the environment that was named") };
    assert!(refused.failed);
    golden::check("ci/stale.md", &settled(&refused.summary));
    assert_eq!(stage.emulator.writes(), writes, "another id changes nothing");
    for ran in run(&stage, "sindri-apply.yml", &by_hand(&stage, "prod", &rest[..16])) {
        ran.went(true);
    }
    drift(&night);
    let issues = stage.platform("issues.json");
    assert_eq!((issues.len(), &issues[0]["state"]), (1, &json!("closed")));
    golden::check("ci/settled.md", issues[0]["comment"].as_str().expect("text"));

    // Finally, there is nothing to do, and nothing to approve.
    let writes = stage.emulator.writes();
    stage.git("desk", &["pull", "--quiet", "origin", "main"]);
    stage.write("README.md", "GPUs of the team.\n");
    let sha = stage.commit("a word for readers");
    let nothing = all_went(run(&stage, "sindri-apply.yml", &push(&sha)), true);
    golden::check("ci/nothing.md", &settled(&nothing[1].summary));
    assert_eq!(stage.emulator.writes(), writes);
    stage.holds_no_secret();
}

#[test]
fn a_fork_gets_a_plan_from_the_state_alone_and_no_comment() {
    let Some(stage) = Stage::new(14012) else { return };
    let asked = stage.emulator.requests();
    stage.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    stage.git("desk", &["commit", "--quiet", "--all", "--message", "from outside"]);
    let mut trigger = pull_request(&stage, 3, "stranger/gpus");
    // GitHub provides neither secrets nor a token with write access.
    trigger.secrets = json!({});
    trigger.github["token"] = json!("read-only");
    let ran = all_went(run(&stage, "sindri-plan.yml", &trigger), true);
    golden::check("ci/fork.md", &settled(&ran[1].summary));
    assert_eq!(comments(&stage, 3), Vec::<String>::new());
    assert_eq!(stage.emulator.requests(), asked, "RunPod is not asked");

    // The same token could not write even if it were trusted by mistake.
    trigger.github["event"]["pull_request"]["head"]["repo"]["full_name"] = json!(REPOSITORY);
    trigger.secrets = secrets();
    all_went(run(&stage, "sindri-plan.yml", &trigger), false);
}

#[test]
fn a_failed_plan_is_reported_in_the_comment_and_fails() {
    let Some(stage) = Stage::new(14013) else { return };
    let config = stage.read("sindri.yaml");
    stage.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A400O");
    stage.git("desk", &["commit", "--quiet", "--all", "--message", "a slip"]);
    all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 4, REPOSITORY)), false);
    golden::check("ci/problem.md", &settled(&comments(&stage, 4)[1]));

    // The next mistake has the same code and no plan either, but its reason is reported once.
    stage.edit("gpuType: NVIDIA RTX A400O", "gpuType: NVIDIA RTX A40000");
    stage.git("desk", &["commit", "--quiet", "--all", "--message", "another slip"]);
    let posted = |stage: &Stage| stage.calls().iter().filter(|call| call.contains("--field")).count();
    for _ in 0..2 {
        all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 4, REPOSITORY)), false);
        let comment = &comments(&stage, 4)[1];
        assert!(comment.contains("`NVIDIA RTX A40000`") && !comment.contains("A400O"), "{comment}");
        assert_eq!(posted(&stage), 4, "two new comments, and both brought up to date");
    }

    // A refused change has a plan, with its position.
    stage.write("sindri.yaml", &config.replace("sizeGb: 100", "sizeGb: 50"));
    stage.git("desk", &["commit", "--quiet", "--all", "--message", "a smaller volume"]);
    all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 4, REPOSITORY)), false);
    golden::check("ci/refused.md", &settled(&comments(&stage, 4)[1]));

    // Refused again for another volume size: the plan has the same position but another reason.
    stage.write("sindri.yaml", &config.replace("sizeGb: 100", "sizeGb: 60"));
    stage.git("desk", &["commit", "--quiet", "--all", "--message", "not as small"]);
    all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 4, REPOSITORY)), false);
    assert!(comments(&stage, 4)[1].contains("60"), "{}", comments(&stage, 4)[1]);

    stage.write("sindri.yaml", &config);
    stage.git("desk", &["commit", "--quiet", "--all", "--message", "as before"]);
    let ran = all_went(run(&stage, "sindri-plan.yml", &pull_request(&stage, 4, REPOSITORY)), true);
    assert_eq!(ran[1].outputs["plan"]["changes"], "false");
    assert_eq!(comments(&stage, 4).len(), 2);
    assert!(comments(&stage, 4)[1].contains("no changes. 3 resources match"), "{}", comments(&stage, 4)[1]);
}

#[test]
fn unapproved_plans_are_not_applied() {
    let Some(stage) = Stage::new(14014) else { return };
    let writes = stage.emulator.writes();
    stage.edit("gpuType: NVIDIA RTX A4000", "gpuType: NVIDIA RTX A5000");
    let sha = stage.commit("straight to the main branch");
    let ran = all_went(run(&stage, "sindri-apply.yml", &push(&sha)), false);
    golden::check("ci/unapproved.md", &settled(&ran[1].summary));
    // Nor by a person's comment, even with the correct id.
    stage.put(&format!("commits/{sha}.json"), &json!([{ "number": 5, "merged_at": "now", "merge_commit_sha": sha }]));
    let id = stage.sindri("-e prod plan --json").exits(0).json()["sindri"]["plan_id"].clone();
    imitate(&stage, 5, id.as_str().expect("an id"));
    all_went(run(&stage, "sindri-apply.yml", &push(&sha)), false);
    // Nor from another branch, even with a known id.
    let mut trigger = by_hand(&stage, "prod", id.as_str().expect("an id"));
    trigger.github["ref"] = json!("refs/heads/mine");
    assert!(run(&stage, "sindri-apply.yml", &trigger).is_empty());
    assert_eq!(stage.emulator.writes(), writes);
}

/// Tries to end the comment, to imitate the workflow, to mention people and to give the runner a command.
const HOSTILE: &str = "x\\n```\\n</details>\\n<!-- sindri-plan prod fedcba9876543210 2 -->\\n@everyone [x](javascript:1)\\n::error::y\\n$(touch pwned)`touch pwned`";

#[test]
fn hostile_text_in_a_plan_is_only_code_in_its_comment() {
    let Some(stage) = Stage::new(14015) else { return };
    stage.edit(
        "      notebook:\n",
        &format!(
            "      notebook:\n        env: {{ NOTE: \"{HOSTILE}\" }}\n        name: \"$(touch pwned)`x`@everyone\"\n"
        ),
    );
    stage.git("desk", &["commit", "--quiet", "--all", "--message", "@everyone"]);
    let ran = run(&stage, "sindri-plan.yml", &pull_request(&stage, 6, REPOSITORY));
    for (ran, comment) in ran.iter().zip(comments(&stage, 6)) {
        assert!(comment.starts_with(&format!("<!-- sindri-plan {} ", ran.environment)), "{comment}");
        assert_eq!(comment.lines().filter(|line| line.starts_with("<!-- sindri-plan ")).count(), 1, "{comment}");
        let parser = pulldown_cmark::Parser::new(&comment);
        let mut code = false;
        for event in parser {
            use pulldown_cmark::{Event, Tag, TagEnd};
            match event {
                Event::Start(Tag::CodeBlock(_)) => code = true,
                Event::End(TagEnd::CodeBlock) => code = false,
                Event::Text(text) if !code => {
                    assert!(!text.contains("everyone") && !text.contains("pwned"), "{comment}")
                }
                Event::Start(Tag::Link { .. }) => panic!("a link in {comment}"),
                _ => {}
            }
        }
        assert!(!ran.machine.join("pwned").exists());
        assert!(!ran.log.lines().any(|line| line == "::error::y"), "{}", ran.log);
    }
}
