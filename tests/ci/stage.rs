//! The setting of a test: a git repository with an origin, an emulated RunPod, a platform that stores comments and
//! issues, and a machine that runs scripts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Emulator, KEY, Said};

/// Must not appear in anything that people can read.
pub const HF_TOKEN: &str = "hf_canary-of-hf-token";
pub const SECRETS: [&str; 2] = [KEY, HF_TOKEN];

const CONFIG: &str = r#"version: "3.0"
name: gpus
deployment:
  provider: runpod
  image: ghcr.io/example/trainer:1.4
secrets:
  - { name: HF_TOKEN, source: env, required: true }
providers:
  runpod:
    networkVolumes:
      datasets: { sizeGb: 100, region: US-CA-2 }
    pods:
      trainer:
        gpuType: NVIDIA A100-SXM4-80GB
        networkVolume: datasets
      notebook:
        gpuType: NVIDIA RTX A4000
"#;

const STAGING: &str = "budget: { maxHourly: 4.00 }\n";
const PROD: &str = "providers: { runpod: { pods: { trainer: { gpuCount: 2 } } } }\nbudget: { maxHourly: 8.00 }\n";

/// The files that examples/ci/README.md says to ignore.
const IGNORED: &str = "*.lock\n*.journal\n*.rescued-*.json\n";

pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci")
}

pub struct Stage {
    folder: TempDir,
    pub emulator: Emulator,
    machines: AtomicUsize,
}

impl Stage {
    /// Two environments, applied and committed. `None` if this machine lacks `jq`, which the workflows need. Everything
    /// in golden files, including the ids of plans, follows from `port` and constants.
    pub fn new(port: u16) -> Option<Self> {
        if Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: there is no jq on this machine");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let emulator = Emulator::at(port, &["--seed", "7"]);
        let stage = Self { folder, emulator, machines: AtomicUsize::new(0) };
        for name in ["home", "platform/commits", "desk"] {
            fs::create_dir_all(stage.path(name)).expect("a folder");
        }
        let identity = "[user]\nname = A Person\nemail = person@example.com\n[init]\ndefaultBranch = main\n";
        fs::write(stage.path("home/.gitconfig"), identity).expect("written");
        stage.git("", &["init", "--quiet", "--bare", "origin.git"]);
        stage.git("desk", &["init", "--quiet"]);
        stage.git("desk", &["remote", "add", "origin", &stage.origin()]);
        for (name, text) in [("sindri.yaml", CONFIG), ("sindri.staging.yaml", STAGING), ("sindri.prod.yaml", PROD)] {
            stage.write(name, text);
        }
        stage.write(".gitignore", IGNORED);
        for script in fs::read_dir(examples().join("shell")).expect("scripts") {
            let script = script.expect("a script");
            let text = fs::read_to_string(script.path()).expect("text");
            stage.write(&format!("ci/{}", script.file_name().to_string_lossy()), &text);
        }
        for environment in ["staging", "prod"] {
            let state = json!({
                "format_version": 1, "lineage": format!("{:0>16}", environment.len()), "environment": environment,
                "api": stage.emulator.url, "resources": {},
            });
            stage.write(&format!("state/{environment}.json"), &format!("{state:#}\n"));
            // One after the other, so that the emulator's random generator always gives the same ids.
            stage.sindri(&format!("-e {environment} apply --auto-approve --parallelism 1")).exits(0);
        }
        stage.commit("two environments");
        Some(stage)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn origin(&self) -> String {
        format!("file://{}", self.path("origin.git").display())
    }

    /// Writes a file in the developer's clone.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path("desk").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("desk").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn edit(&self, from: &str, to: &str) {
        let config = self.read("sindri.yaml");
        assert!(config.contains(from), "no `{from}` in:\n{config}");
        self.write("sindri.yaml", &config.replace(from, to));
    }

    /// Commits everything in the developer's clone, pushes its branch, and returns the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git("desk", &["add", "--all"]);
        self.git("desk", &["commit", "--quiet", "--message", message]);
        self.git("desk", &["push", "--quiet", "origin", "HEAD"]);
        self.git("desk", &["rev-parse", "HEAD"])
    }

    /// Merges a branch of the developer into the main branch, like the platform's button.
    pub fn merge(&self, branch: &str) -> String {
        self.git("desk", &["checkout", "--quiet", "main"]);
        self.git("desk", &["pull", "--quiet", "--rebase", "origin", "main"]);
        self.git("desk", &["merge", "--quiet", "--no-ff", "--message", &format!("Merge {branch}"), branch]);
        self.git("desk", &["push", "--quiet", "origin", "main"]);
        self.git("desk", &["rev-parse", "HEAD"])
    }

    pub fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = self.command("git", &self.path(folder), &BTreeMap::new());
        let said = Said::of(command.args(arguments));
        assert_eq!(said.code, Some(0), "git {arguments:?}: {}{}", said.stdout, said.stderr);
        said.stdout.trim().to_owned()
    }

    /// Runs a command as the developer.
    pub fn sindri(&self, words: &str) -> Said {
        let env = BTreeMap::from([
            ("RUNPOD_API_KEY".to_owned(), KEY.to_owned()),
            ("HF_TOKEN".to_owned(), HF_TOKEN.to_owned()),
        ]);
        let mut command = self.command(env!("CARGO_BIN_EXE_sindri"), &self.path("desk"), &env);
        Said::of(command.args(words.split_whitespace()))
    }

    /// A new build machine with one commit of the origin: a shallow clone, as on the platforms.
    pub fn machine(&self, reference: &str, branch: Option<&str>) -> PathBuf {
        let name = format!("machine-{}", self.machines.fetch_add(1, Ordering::Relaxed));
        fs::create_dir(self.path(&name)).expect("a folder");
        self.git(&name, &["init", "--quiet"]);
        self.git(&name, &["remote", "add", "origin", &self.origin()]);
        self.git(&name, &["fetch", "--quiet", "--depth", "1", "origin", reference]);
        match branch {
            Some(branch) => self.git(&name, &["checkout", "--quiet", "-B", branch, "FETCH_HEAD"]),
            None => self.git(&name, &["checkout", "--quiet", "--detach", "FETCH_HEAD"]),
        };
        self.path(&name)
    }

    /// Runs a script as GitHub does with `shell: bash`. GitLab does much the same.
    pub fn bash(&self, script: &str, machine: &Path, env: &BTreeMap<String, String>) -> Said {
        let said = Said::of(&mut self.script(script, machine, env));
        no_secret_in("a log", format!("{}{}", said.stdout, said.stderr).as_bytes());
        said
    }

    pub fn script(&self, script: &str, machine: &Path, env: &BTreeMap<String, String>) -> Command {
        let mut command = self.command("bash", machine, env);
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command
    }

    fn command(&self, program: &str, folder: &Path, env: &BTreeMap<String, String>) -> Command {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ci/bin");
        let own = Path::new(env!("CARGO_BIN_EXE_sindri")).parent().expect("a folder").to_owned();
        let system = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([tools, own].into_iter().chain(std::env::split_paths(&system))).expect("paths");
        let mut command = Command::new(program);
        command.env_clear().env("PATH", path).env("HOME", self.path("home")).env("PLATFORM", self.path("platform"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("RUNPOD_API_BASE_URL", &self.emulator.url);
        command.envs(env).current_dir(folder).stdin(Stdio::null());
        command
    }

    /// A file of the platform; an empty list if it does not exist.
    pub fn platform(&self, file: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path("platform").join(file)).unwrap_or_else(|_| "[]".to_owned());
        serde_json::from_str(&text).expect("JSON")
    }

    /// The calls to the platform and to `cargo`.
    pub fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("platform/calls.log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn put(&self, file: &str, value: &Value) {
        fs::write(self.path("platform").join(file), value.to_string()).expect("written");
    }

    /// The state file of the main branch at the origin.
    pub fn kept(&self, environment: &str) -> Value {
        let text = self.git("origin.git", &["show", &format!("main:state/{environment}.json")]);
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn id(&self, environment: &str, address: &str) -> String {
        self.kept(environment)["resources"][address]["id"].as_str().expect("an id").to_owned()
    }

    /// A person changes a pod in the console, and the test waits until its container runs again.
    pub fn tamper(&self, environment: &str, address: &str, changes: Value) {
        let path = format!("/_emu/pods/{}/event", self.id(environment, address));
        let (status, body) = self.emulator.ask("POST", &path, Some(json!({ "event": "edit", "changes": changes })));
        assert_eq!(status, 200, "{body}");
        let (status, body) = self.emulator.ask("POST", "/_emu/clock", Some(json!({ "advance": 600 })));
        assert_eq!(status, 200, "{body}");
    }

    /// Checks that no file in the clones, machines, origin, comments or issues contains a secret.
    pub fn holds_no_secret(&self) {
        for_each_file(self.folder.path(), &mut |path, bytes| no_secret_in(&path.display().to_string(), bytes));
    }
}

/// The text without the only part that differs in every run: the duration of the apply.
pub fn settled(text: &str) -> String {
    let settled = |line: &str| match line.rsplit_once(" in ") {
        Some((before, _)) if line.trim_start().starts_with("Apply ") => format!("{before} in 4s.\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(settled).collect()
}

fn no_secret_in(what: &str, bytes: &[u8]) {
    for secret in SECRETS {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} holds {secret}");
    }
}

fn for_each_file(folder: &Path, each: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        match entry.is_dir() {
            true => for_each_file(&entry, each),
            false => each(&entry, &fs::read(&entry).expect("readable")),
        }
    }
}
