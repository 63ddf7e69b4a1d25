//! Runs the jobs of a workflow step by step, like GitHub's runner: environment, expressions, conditions, outputs and
//! summary. Unsupported features are errors.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::ci::expression::{Scope, Status};
use crate::ci::stage::{Stage, examples};

/// A YAML file, with mappings as in JSON. A duplicate key is an error.
pub fn yaml(text: &str) -> Result<Value, String> {
    serde_yaml::from_str::<serde_yaml::Value>(text)
        .and_then(serde_yaml::from_value::<Value>)
        .map_err(|error| error.to_string())
}

pub fn workflow(name: &str) -> Value {
    let path = examples().join("github").join(name);
    yaml(&fs::read_to_string(path).expect("a workflow")).expect("YAML")
}

/// The event that starts a workflow, as contexts.
pub struct Trigger {
    pub github: Value,
    pub inputs: Value,
    pub secrets: Value,
}

/// The result of one job of a matrix.
pub struct Ran {
    pub environment: String,
    pub failed: bool,
    pub log: String,
    pub summary: String,
    /// By step.
    pub outputs: BTreeMap<String, BTreeMap<String, String>>,
    pub machine: PathBuf,
}

impl Ran {
    #[track_caller]
    pub fn went(self, well: bool) -> Self {
        assert_eq!(!self.failed, well, "{}\n{}", self.log, self.summary);
        self
    }
}

/// Runs the only job of a workflow, once for each environment of its matrix, one after the other.
pub fn run(stage: &Stage, name: &str, trigger: &Trigger) -> Vec<Ran> {
    let workflow = workflow(name);
    let jobs = workflow["jobs"].as_object().expect("jobs");
    let [job] = jobs.values().collect::<Vec<_>>()[..] else { panic!("{name} has {} jobs", jobs.len()) };
    assert_eq!(workflow["defaults"]["run"]["shell"], "bash", "scripts run with another shell");
    let scope = scope(trigger, json!({}), json!({}), json!({}), Status::Success);
    if let Some(condition) = job["if"].as_str()
        && !scope.condition(condition).expect("a condition")
    {
        return Vec::new();
    }
    let environments = match &job["strategy"]["matrix"]["environment"] {
        Value::String(expression) => scope.value(expression).expect("a matrix"),
        list => list.clone(),
    };
    let environments = environments.as_array().expect("a list of environments").clone();
    environments.iter().map(|environment| Job::new(stage, job, trigger, environment).run()).collect()
}

fn scope(trigger: &Trigger, matrix: Value, env: Value, steps: Value, status: Status) -> Scope {
    let contexts = json!({
        "github": trigger.github, "inputs": trigger.inputs, "secrets": trigger.secrets,
        "vars": { "SINDRI_REPOSITORY": "https://git.example/sindri", "SINDRI_VERSION": "v0.1.0" },
        "runner": { "os": "Linux", "arch": "X64" },
        "matrix": matrix, "env": env, "steps": steps,
    });
    Scope { contexts, status }
}

struct Job<'a> {
    stage: &'a Stage,
    job: &'a Value,
    trigger: &'a Trigger,
    matrix: Value,
    env: Map<String, Value>,
    steps: Map<String, Value>,
    status: Status,
    ran: Ran,
}

impl<'a> Job<'a> {
    fn new(stage: &'a Stage, job: &'a Value, trigger: &'a Trigger, environment: &Value) -> Self {
        let matrix = json!({ "environment": environment });
        let ran = Ran {
            environment: environment.as_str().expect("a name").to_owned(),
            failed: false,
            log: String::new(),
            summary: String::new(),
            outputs: BTreeMap::new(),
            machine: PathBuf::new(),
        };
        let env = Map::new();
        let mut job = Self { stage, job, trigger, matrix, env, steps: Map::new(), status: Status::Success, ran };
        job.env = job.filled(&job.job["env"]);
        job
    }

    fn scope(&self) -> Scope {
        let (env, steps) = (self.env.clone().into(), self.steps.clone().into());
        scope(self.trigger, self.matrix.clone(), env, steps, self.status)
    }

    fn filled(&self, env: &Value) -> Map<String, Value> {
        let scope = self.scope();
        let fill = |value: &Value| scope.fill(value.as_str().expect("text")).expect("an expression").into();
        env.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), fill(value))).collect()
    }

    fn run(mut self) -> Ran {
        for step in self.job["steps"].as_array().expect("steps") {
            let condition = step["if"].as_str().unwrap_or("success()");
            let outcome = match self.scope().condition(condition).expect("a condition") {
                false => "skipped",
                true => match self.step(step) {
                    true => "success",
                    false => "failure",
                },
            };
            if outcome == "failure" {
                self.status = Status::Failure;
                self.ran.failed = true;
            }
            if let Some(id) = step["id"].as_str() {
                let outputs = self.ran.outputs.get(id).cloned().unwrap_or_default();
                self.steps.insert(id.to_owned(), json!({ "outcome": outcome, "outputs": outputs }));
            }
        }
        self.ran
    }

    /// Runs a step, and returns whether it succeeded.
    fn step(&mut self, step: &Value) -> bool {
        match (step["uses"].as_str(), step["run"].as_str()) {
            (Some(action), None) => self.action(action, &step["with"]),
            (None, Some(script)) => self.script(step, script),
            _ => panic!("neither `uses` nor `run`: {step}"),
        }
    }

    fn action(&mut self, action: &str, with: &Value) -> bool {
        let name = action.split('@').next().unwrap_or_default();
        let filled = |name: &str| self.scope().fill(with[name].as_str().unwrap_or_default()).expect("an expression");
        match name {
            "actions/checkout" => {
                let own = self.trigger.github["ref"].as_str().expect("a ref");
                let named = filled("ref");
                let reference = if named.is_empty() { own } else { &named };
                self.ran.machine = self.stage.machine(reference, reference.strip_prefix("refs/heads/"));
                true
            }
            // Never found, so that the step that fills it runs.
            "actions/cache" => true,
            // It is searched for secrets like everything else, and stays in place.
            "actions/upload-artifact" => !filled("path").is_empty(),
            _ => panic!("`{action}` is not simulated"),
        }
    }

    fn script(&mut self, step: &Value, script: &str) -> bool {
        let github = &self.trigger.github;
        let text = |name: &str| github[name].as_str().unwrap_or_default().to_owned();
        let files =
            ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"].map(|name| (name, self.ran.machine.join(".git").join(name)));
        let mut env: BTreeMap<String, String> = BTreeMap::from([
            ("CI".to_owned(), "true".to_owned()),
            ("GITHUB_ACTIONS".to_owned(), "true".to_owned()),
            ("GITHUB_REPOSITORY".to_owned(), text("repository")),
            ("GITHUB_SHA".to_owned(), text("sha")),
            ("GITHUB_WORKSPACE".to_owned(), self.ran.machine.display().to_string()),
        ]);
        for (name, file) in &files {
            fs::write(file, "").expect("written");
            env.insert((*name).to_owned(), file.display().to_string());
        }
        let own = self.filled(&step["env"]);
        let all = self.env.iter().chain(&own);
        env.extend(all.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())));

        let script = self.scope().fill(script).expect("an expression");
        let said = self.stage.bash(&script, &self.ran.machine, &env);
        self.ran.log.push_str(&said.stdout);
        self.ran.log.push_str(&said.stderr);
        let [outputs, summary] = files.map(|(_, file)| fs::read_to_string(file).expect("text"));
        self.ran.summary.push_str(&summary);
        let pair = |line: &str| {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("output `{line}` is no pair"));
            (name.to_owned(), value.to_owned())
        };
        if let Some(id) = step["id"].as_str() {
            self.ran.outputs.insert(id.to_owned(), outputs.lines().map(pair).collect());
        }
        said.code == Some(0)
    }
}
