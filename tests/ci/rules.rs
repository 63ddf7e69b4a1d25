//! Rules for workflows, one function per topic; each adds a sentence for every breach.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::ci::runner::yaml;
use crate::ci::stage::examples;

/// The breaches in one file, with their positions.
struct Report<'a> {
    place: String,
    problems: &'a mut Vec<String>,
}

impl Report<'_> {
    fn at(&mut self, place: &str) -> Report<'_> {
        Report { place: format!("{} > {place}", self.place), problems: self.problems }
    }

    fn must(&mut self, holds: bool, problem: impl Into<String>) {
        if !holds {
            self.problems.push(format!("{}: {}", self.place, problem.into()));
        }
    }
}

/// A workflow of GitHub Actions.
pub fn github(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = Report { place: name.to_owned(), problems: &mut problems };
    let workflow = match yaml(text) {
        Ok(workflow) => workflow,
        Err(error) => {
            report.must(false, error);
            return problems;
        }
    };
    report.must(workflow["permissions"] == serde_json::json!({}), "`permissions: {}` must take away what is not given");
    report.must(
        workflow["defaults"]["run"]["shell"] == "bash",
        "steps must run with `shell: bash`, which knows pipefail",
    );
    for trigger in ["pull_request_target", "workflow_run", "issue_comment"] {
        report.must(
            workflow["on"].get(trigger).is_none(),
            format!("`{trigger}` hands secrets to whoever opens a request"),
        );
    }
    for (name, job) in members(&workflow["jobs"]) {
        github_job(&mut report.at(name), job, &workflow);
    }
    for name in words_after(text, "secrets.").chain(words_after(text, "vars.")) {
        documented(&mut report, name);
    }
    scripts(&mut report, text);
    problems
}

fn github_job(report: &mut Report<'_>, job: &Value, workflow: &Value) {
    let permissions = &job["permissions"];
    report.must(permissions.is_object(), "a job must list its `permissions`");
    report.must(job["runs-on"].is_string(), "a job must say what it `runs-on`");
    report.must(job["timeout-minutes"].is_u64(), "a job must have `timeout-minutes`");
    report.must(!job["env"].to_string().contains("secrets."), "secrets are for the steps that need them");
    if permissions["contents"] == "write" {
        let concurrency = &job["concurrency"];
        report.must(concurrency["cancel-in-progress"] == false, "what applies must not be cancelled in the midst");
        report.must(
            concurrency["group"].to_string().contains("matrix.environment"),
            "one apply at a time per environment",
        );
        report.must(job["environment"].is_string(), "what applies must have an `environment`, for a gate");
    }
    for need in job["needs"].as_array().into_iter().flatten().chain(Some(&job["needs"]).filter(|need| need.is_string()))
    {
        let need = need.as_str().unwrap_or_default();
        report.must(workflow["jobs"].get(need).is_some(), format!("there is no job `{need}`"));
    }
    let mut known = BTreeMap::new();
    for (index, step) in job["steps"].as_array().into_iter().flatten().enumerate() {
        let title = step["name"].as_str().or(step["uses"].as_str()).map_or(format!("step {index}"), str::to_owned);
        github_step(&mut report.at(&title), step, job, workflow, &known);
        if let Some(id) = step["id"].as_str() {
            known.insert(id, step);
        }
    }
}

fn github_step<'a>(
    report: &mut Report<'_>,
    step: &'a Value,
    job: &Value,
    workflow: &Value,
    known: &BTreeMap<&'a str, &'a Value>,
) {
    match (step["uses"].as_str(), step["run"].as_str()) {
        (Some(action), None) => {
            let tag = action.split_once('@').map(|(_, tag)| tag).unwrap_or_default();
            let number = tag.strip_prefix('v').unwrap_or_default();
            report.must(number.starts_with(|c: char| c.is_ascii_digit()), format!("`{action}` names no version"));
        }
        (None, Some(script)) => {
            report.must(!script.contains("${{"), "an expression in `run` is code; hand it over in `env`");
            let long = script.trim().lines().count() > 1;
            report.must(
                !long || script.starts_with("set -euo pipefail\n"),
                "a script must begin with `set -euo pipefail`",
            );
            let keeps = script.contains("ci/keep-state.sh");
            let always = step["if"].as_str().is_some_and(|condition| condition.contains("always()"));
            report.must(!keeps || always, "the state must be kept after a failure as well");
            shell(report, script);
        }
        _ => report.must(false, "a step either `uses` or `run`s something"),
    }
    // References, anywhere in the step.
    let text = step.to_string();
    for reference in references(&text) {
        let parts: Vec<&str> = reference.split('.').collect();
        let exists = match parts[..] {
            ["steps", id, "outcome"] => known.contains_key(id),
            ["steps", id, "outputs", output] => known.get(id).is_some_and(|step| gives(step, output)),
            ["matrix", name] => job["strategy"]["matrix"].get(name).is_some(),
            ["env", name] => [&job["env"], &step["env"], &workflow["env"]].iter().any(|env| env.get(name).is_some()),
            ["inputs", name] => workflow["on"]["workflow_dispatch"]["inputs"].get(name).is_some(),
            _ => true,
        };
        report.must(exists, format!("`{reference}` refers to nothing"));
    }
}

/// Whether a step sets this output.
fn gives(step: &Value, output: &str) -> bool {
    match (step["uses"].as_str(), step["run"].as_str()) {
        (Some(action), _) => action.starts_with("actions/cache@") && output == "cache-hit",
        (_, Some(script)) => script.contains("GITHUB_OUTPUT") && script.contains(&format!("{output}=")),
        _ => false,
    }
}

/// `steps.plan.outputs.plan_id` and similar references in expressions and conditions.
fn references(text: &str) -> BTreeSet<&str> {
    let word = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let words = text.split(|c: char| !word(c)).map(|found| found.trim_end_matches('.'));
    words
        .filter(|found| ["steps.", "matrix.", "env.", "inputs."].iter().any(|start| found.starts_with(start)))
        .collect()
}

/// The pipeline of GitLab.
pub fn gitlab(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = Report { place: name.to_owned(), problems: &mut problems };
    let pipeline = match yaml(text) {
        Ok(pipeline) => pipeline,
        Err(error) => {
            report.must(false, error);
            return problems;
        }
    };
    let stages: Vec<&str> = pipeline["stages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, job) in members(&pipeline).filter(|(name, job)| !name.starts_with('.') && job.is_object()) {
        let mut report = report.at(name);
        let base = job["extends"].as_str().map(|base| &pipeline[base]).unwrap_or(&Value::Null);
        report.must(base.is_object(), "what it extends is not there");
        report.must(
            job["stage"].as_str().is_some_and(|stage| stages.contains(&stage)),
            "its stage is not among the `stages`",
        );
        report.must(
            job["rules"].as_array().is_some_and(|rules| rules.iter().all(|rule| rule["if"].is_string())),
            "a job must say when it runs",
        );
        report.must([job, base].iter().any(|job| job["timeout"].is_string()), "a job must have a `timeout`");
        let lines = [&base["before_script"], &job["script"], &job["after_script"]]
            .into_iter()
            .flat_map(|list| list.as_array().into_iter().flatten());
        let script: Vec<&str> = lines.filter_map(Value::as_str).collect();
        report.must(script.first() == Some(&"set -euo pipefail"), "a script must begin with `set -euo pipefail`");
        shell(&mut report, &script.join("\n"));
        let applies = script.iter().any(|line| line.contains("ci/apply.sh"));
        report.must(!applies || job["resource_group"].is_string(), "one apply at a time per environment");
        report.must(!applies || job["rules"][0]["when"] == "manual", "an apply must wait for a person");
        report.must(!applies || job["environment"].is_object(), "what applies must have an `environment`, for a gate");
    }
    let own = ["SINDRI_", "RUNPOD_"].map(|start| {
        let rest = words_after(text, &format!("${start}")).map(|rest| format!("{start}{rest}"));
        rest.collect::<Vec<String>>()
    });
    for name in own.iter().flatten().filter(|name| !["SINDRI_ENV", "RUNPOD_API_KEY"].contains(&name.as_str())) {
        documented(&mut report, name);
    }
    scripts(&mut report, text);
    problems
}

/// Checks a script with bash and sindri.
pub fn script(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = Report { place: name.to_owned(), problems: &mut problems };
    report.must(text.contains("\nset -euo pipefail\n"), "a script must begin with `set -euo pipefail`");
    shell(&mut report, text);
    problems
}

/// Commands that readers are asked to type.
pub fn document(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = Report { place: name.to_owned(), problems: &mut problems };
    for block in text.split("```sh\n").skip(1) {
        shell(&mut report, block.split("```").next().unwrap_or_default());
    }
    problems
}

fn shell(report: &mut Report<'_>, script: &str) {
    let checked = Command::new("bash").args(["-n", "-c", script]).output().expect("bash");
    report.must(checked.status.success(), format!("bash says: {}", String::from_utf8_lossy(&checked.stderr).trim()));
    for (command, flags) in commands(script) {
        let asked = Command::new(env!("CARGO_BIN_EXE_sindri")).args([&command, "--help"]).output().expect("the binary");
        let help = String::from_utf8_lossy(&asked.stdout).into_owned();
        report.must(asked.status.success(), format!("sindri has no command `{command}`"));
        for flag in flags.iter().filter(|_| asked.status.success()) {
            let known = help.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|word| word == flag);
            report.must(known, format!("`sindri {command}` has no flag `{flag}`"));
        }
    }
}

/// The sindri commands in a script, each with its flags. Quoted text is skipped.
fn commands(script: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for line in script.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for (at, _) in line.match_indices("sindri ") {
            let (before, rest) = (&line[..at], &line[at + "sindri ".len()..]);
            let quoted = before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1;
            let starts = before.is_empty() || before.ends_with([' ', '(', ';']);
            let installs = before.contains("cargo") || before.contains("command -v");
            if !starts || installs || (quoted && !before.ends_with("$(")) {
                continue;
            }
            let end = rest.find(['|', ';', '&', ')', '<', '>', '#']).unwrap_or(rest.len());
            let mut words = rest[..end].split_whitespace();
            let mut command = words.next();
            // Global flags may come first, some with a value.
            while let Some(flag) = command.filter(|word| word.starts_with('-')) {
                let value = ["-e", "-C", "-f", "--env", "--file", "--state", "--api", "--api-url"].contains(&flag);
                command = words.nth(usize::from(value));
            }
            let Some(command) = command.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())) else {
                continue;
            };
            let flag = |word: &str| word.split('=').next().unwrap_or_default().trim_end_matches([']', '"']).to_owned();
            let flags = words.filter(|word| word.starts_with("--")).map(flag).collect();
            found.push((command.to_owned(), flags));
        }
    }
    found
}

/// Every `ci/NAME.sh` must be a script of the examples.
fn scripts(report: &mut Report<'_>, text: &str) {
    for name in words_after(text, "bash ci/") {
        let script = examples().join("shell").join(format!("{name}.sh"));
        report.must(script.exists(), format!("there is no script `ci/{name}.sh`"));
    }
}

fn documented(report: &mut Report<'_>, name: &str) {
    let readme = std::fs::read_to_string(examples().join("README.md")).unwrap_or_default();
    report.must(readme.contains(&format!("`{name}`")), format!("README.md does not say what `{name}` is"));
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn words_after<'t>(text: &'t str, start: &str) -> impl Iterator<Item = &'t str> + use<'t> {
    let starts: Vec<usize> = text.match_indices(start).map(|(at, found)| at + found.len()).collect();
    starts.into_iter().map(|at| {
        let rest = &text[at..];
        &rest[..rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len())]
    })
}

/// The messages of external linters, if this machine has them.
pub fn others(files: &[&Path], program: &str) -> Option<String> {
    let output = Command::new(program).args(files).output().ok()?;
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
