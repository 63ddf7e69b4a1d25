//! A project in a temporary folder, an emulator as a child process, and the output of a command.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Time limit for events that must happen, generous enough for slow machines.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Must not appear in any output.
pub const KEY: &str = "rpa_CANARYKEY0123456789";

/// One pod on a network volume, and one on its own.
pub const PAIR: &str = r#"version: "3.0"
name: story
deployment:
  provider: runpod
  image: example/image:1
providers:
  runpod:
    networkVolumes:
      data: { sizeGb: 100, region: US-CA-2 }
    pods:
      trainer:
        gpuType: NVIDIA A100-SXM4-80GB
        networkVolume: data
      notebook:
        gpuType: NVIDIA RTX A4000
"#;

/// One pod without volumes, whose destruction loses no precious data.
pub const BARE: &str = r#"version: "3.0"
name: bare
deployment:
  provider: runpod
  image: example/image:1
providers:
  runpod:
    gpuType: NVIDIA RTX A4000
    volumeSizeGb: 0
"#;

/// This number of pods without volumes.
pub fn fleet(pods: usize) -> String {
    format!("{BARE}    pods: {{ worker: {{ replicas: {pods} }} }}\n")
}

/// The binary that [`sindri`] runs, if it is not the one of this crate.
pub static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// `sindri` with an environment that contains only the search path.
pub fn sindri(folder: &Path) -> Command {
    let mut command = Command::new(BINARY.get_or_init(|| env!("CARGO_BIN_EXE_sindri").into()));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).current_dir(folder).stdin(Stdio::null());
    command
}

/// The result of a command.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the binary runs"))
    }

    /// Checks the exit code, and shows all output if it differs.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn tells(self, phrase: &str) -> Self {
        assert!(self.stdout.contains(phrase), "stdout does not say `{phrase}`:\n{}", self.stdout);
        self
    }

    #[track_caller]
    pub fn warns(self, phrase: &str) -> Self {
        assert!(self.stderr.contains(phrase), "stderr does not say `{phrase}`:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }
}

impl From<std::process::Output> for Said {
    fn from(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// `sindri emulator serve` on a free port, until it is dropped.
pub struct Emulator {
    child: Child,
    pub url: String,
}

impl Emulator {
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(flags: &[&str]) -> Self {
        Self::listening("0", flags).unwrap_or_else(|said| panic!("said {said:?}"))
    }

    /// On a fixed port, once it is free. A state contains the address of its API, so the port must be the same in every
    /// run.
    pub fn at(port: u16, flags: &[&str]) -> Self {
        let start = Instant::now();
        loop {
            match Self::listening(&port.to_string(), flags) {
                Ok(emulator) => return emulator,
                Err(said) => assert!(start.elapsed() < DEADLINE, "port {port} stays taken: {said:?}"),
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn listening(port: &str, flags: &[&str]) -> Result<Self, String> {
        let folder = std::env::temp_dir();
        let mut command = sindri(&folder);
        command.args(["emulator", "serve", "--port", port]).args(flags).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok(Self { url: url.to_owned(), child }),
            None => {
                let _ = child.wait();
                Err(line)
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An emulator with these fault rules.
    pub fn with_faults(rules: Value) -> Self {
        let emulator = Self::start();
        emulator.faults(rules);
        emulator
    }

    pub fn faults(&self, rules: Value) {
        assert_eq!(self.ask("PUT", "/_emu/faults", Some(rules)).0, 200);
    }

    /// Any request, like curl.
    pub fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = async {
            let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
            let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
            request = request.bearer_auth("rpa_curl").header("user-agent", "curl/8.0");
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            }
            let reply = request.send().await.expect("an answer");
            let status = reply.status().as_u16();
            let text = reply.text().await.expect("a body");
            (status, serde_json::from_str(&text).unwrap_or(Value::Null))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(request)
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// The received requests without queries, such as `POST /v2/pods`.
    pub fn requests(&self) -> Vec<String> {
        let journal = self.get("/_emu/journal");
        let entries = journal["entries"].as_array().expect("entries");
        let line = |entry: &Value| {
            let path = entry["path"].as_str().expect("a path").split('?').next().unwrap_or_default();
            format!("{} {path}", entry["method"].as_str().expect("a method"))
        };
        entries.iter().map(line).collect()
    }

    /// The requests that may change something.
    pub fn writes(&self) -> Vec<String> {
        self.requests().into_iter().filter(|request| !request.starts_with("GET ")).collect()
    }

    pub fn pods(&self) -> Vec<Value> {
        self.get("/v2/pods?limit=1000")["pods"].as_array().expect("pods").clone()
    }

    /// Creates a pod with the marker of the pod with this name, as a lost state would. Returns the new pod.
    pub fn create_twin(&self, name: &str) -> Value {
        let pods = self.pods();
        let pod = pods.iter().find(|pod| pod["name"] == name).expect("such a pod");
        let twin = json!({
            "name": "twin", "image": "example/image:1", "cloud": "SECURE", "disk": 50, "gpu": { "id": "NVIDIA RTX A4000", "count": 1 },
            "env": { "SINDRI_RESOURCE": pod["env"]["SINDRI_RESOURCE"] },
        });
        let (status, twin) = self.ask("POST", "/v2/pods", Some(twin));
        assert_eq!(status, 201, "{twin}");
        twin
    }

    /// The names of the existing pods, sorted.
    pub fn pod_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.pods().iter().map(|pod| pod["name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    pub fn volumes(&self) -> Vec<Value> {
        let body = self.get("/v2/network-volumes");
        body.as_array().or_else(|| body["networkVolumes"].as_array()).expect("volumes").clone()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a `sindri.yaml`.
pub struct Project {
    folder: TempDir,
}

impl Project {
    pub fn new(config: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder") };
        project.write("sindri.yaml", config);
        project
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Replaces text that must occur in the configuration.
    pub fn edit(&self, from: &str, to: &str) {
        let config = self.read("sindri.yaml");
        assert!(config.contains(from), "no `{from}` in:\n{config}");
        self.write("sindri.yaml", &config.replace(from, to));
    }

    /// The state file, as JSON.
    pub fn state(&self) -> Value {
        serde_json::from_str(&self.read("state/default.json")).expect("JSON")
    }

    /// The id of an address in the state.
    pub fn id(&self, address: &str) -> String {
        let state = self.state();
        let id = state["resources"][address]["id"].as_str();
        id.unwrap_or_else(|| panic!("no {address} in {state:#}")).to_owned()
    }

    /// Every file below `state/` except the lock, with its bytes; empty if there is no such folder.
    pub fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = fs::read_dir(self.path("state")) else { return Vec::new() };
        let mut files: Vec<(String, Vec<u8>)> = entries
            .map(|entry| entry.expect("an entry"))
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
            .filter(|(name, path)| !name.ends_with(".lock") && path.is_file())
            .map(|(name, path)| (name, fs::read(path).expect("readable")))
            .collect();
        files.sort();
        files
    }

    /// Deletes the journal, which records the time of the last create: for two minutes after it, a pod missing from
    /// lists may just be late. A clone of the repository has no journal either.
    pub fn forget_when_it_created(&self) {
        fs::remove_file(self.path("state/default.journal")).expect("a journal");
    }

    /// A command against an emulator; words are split at spaces.
    pub fn command(&self, emulator: &Emulator, words: &str) -> Command {
        let mut command = sindri(self.folder.path());
        command.args(["--api-url", &emulator.url]).args(words.split_whitespace()).env("RUNPOD_API_KEY", KEY);
        command
    }

    pub fn run(&self, emulator: &Emulator, words: &str) -> Said {
        Said::of(&mut self.command(emulator, words))
    }

    /// The same command for an emulator whose lists do not lag, so that absence is proved at once.
    pub fn run_without_lag(&self, emulator: &Emulator, words: &str) -> Said {
        Said::of(self.command(emulator, words).env("SINDRI_LIST_LAG", "1s"))
    }

    /// A command that needs no API.
    pub fn offline(&self, words: &str) -> Said {
        Said::of(sindri(self.folder.path()).args(words.split_whitespace()))
    }
}

/// Creates a named pipe.
pub fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

/// Sends a signal to a process, such as `INT`.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().expect("a shell");
    assert!(sent.success());
}

/// Runs `each` for every item at the same time, because it mostly waits.
pub fn side_by_side<T: Send>(items: impl IntoIterator<Item = T>, each: impl Fn(T) + Sync) {
    let each = &each;
    thread::scope(|scope| {
        for item in items {
            scope.spawn(move || each(item));
        }
    });
}

/// Waits for something that must happen.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "{what} did not come");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A rule of a fault list.
pub fn fault(when: Value, effect: Value) -> Value {
    json!({ "match": when, "effect": effect })
}
