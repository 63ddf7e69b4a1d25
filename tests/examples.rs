//! Runs every example through the life cycle in its README, with the built binary and on a copy of its folder: created,
//! unchanged, changed, replaced, rotated, destroyed, with its protected objects kept until their flags are given.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sindri::emulator::EmulatorOptions;
use sindri::kind::{self, Kind, NETWORK_VOLUME};
use sindri::model::Dialect;
use sindri::runpod::Api;
use tempfile::TempDir;

use support::{Account, Said, sindri, world};

/// One configuration in an example's folder.
struct Example {
    folder: &'static str,
    file: &'static str,
    /// Arguments besides `-C`, `-f` and `--sandbox`.
    arguments: &'static [&'static str],
    /// A volume that the file refers to only by id. The README asks the user to insert their own id.
    foreign_volume: Option<&'static str>,
    /// Resources that are updated rather than replaced, because of their `lifecycle`.
    in_place: &'static [&'static str],
}

const fn example(folder: &'static str, file: &'static str) -> Example {
    Example { folder, file, arguments: &[], foreign_volume: None, in_place: &[] }
}

const fn v1(folder: &'static str) -> Example {
    Example { arguments: &["--api", "v1"], ..example(folder, "sindri-v1.yaml") }
}

const fn environment(arguments: &'static [&'static str]) -> Example {
    Example { arguments, ..example("environments", "sindri.yaml") }
}

macro_rules! examples {
    ($($name:ident = $example:expr;)*) => {
        $(#[test]
        fn $name() {
            live(&$example);
        })*

        const EXAMPLES: &[Example] = &[$($example),*];
    };
}

examples! {
    quick_start = example("quick-start", "sindri.yaml");
    basic_gpu = example("basic-gpu", "sindri.yaml");
    cpu_only = example("cpu-only", "sindri.yaml");
    spot = example("spot", "sindri.yaml");
    spot_v1 = v1("spot");
    network_volume = example("network-volume", "sindri.yaml");
    network_volume_of_somebody_else =
        Example { foreign_volume: Some("vol-abc123"), ..example("network-volume", "sindri-byo.yaml") };
    advanced = example("advanced", "sindri.yaml");
    ml_development = example("ml-development", "sindri.yaml");
    training_cluster = example("training-cluster", "sindri.yaml");
    training_cluster_v1 = Example { foreign_volume: Some("vol-training-data"), ..v1("training-cluster") };
    budget_research = example("budget-research", "sindri.yaml");
    budget_research_v1 = v1("budget-research");
    cpu_data_processing = example("cpu-data-processing", "sindri.yaml");
    cpu_data_processing_v1 = v1("cpu-data-processing");
    inference_server = example("inference-server", "sindri.yaml");
    private_registry = example("private-registry", "sindri.yaml");
    secrets_at_runpod = example("secrets-at-runpod", "sindri.yaml");
    serverless_inference = example("serverless-inference", "sindri.yaml");
    fleet = Example { in_place: &["pod.notebook"], ..example("fleet", "sindri.yaml") };
    environments_staging = environment(&["-e", "staging"]);
    environments_demo = environment(&["-e", "demo"]);
    environments_prod = environment(&["-e", "prod"]);
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[test]
fn every_example_is_tested() {
    let mut found = BTreeSet::new();
    for folder in fs::read_dir(source()).expect("examples").map(|entry| entry.expect("entry").path()) {
        for file in folder.read_dir().into_iter().flatten().map(|entry| entry.expect("entry").file_name()) {
            let file = file.to_string_lossy().into_owned();
            // `sindri.NAME.yaml` is an overlay, not a configuration of its own.
            if file.starts_with("sindri") && file.ends_with(".yaml") && file.matches('.').count() == 1 {
                found.insert((folder.file_name().expect("name").to_string_lossy().into_owned(), file));
            }
        }
    }
    let tried: BTreeSet<_> = EXAMPLES.iter().map(|it| (it.folder.to_owned(), it.file.to_owned())).collect();
    assert_eq!(found, tried);
}

#[test]
fn every_overlay_is_tested() {
    let overlays = source().join("environments").read_dir().expect("folder");
    let names = overlays.filter_map(|entry| {
        let name = entry.expect("entry").file_name().to_string_lossy().into_owned();
        Some(name.strip_prefix("sindri.")?.strip_suffix(".yaml")?.to_owned())
    });
    let tried = EXAMPLES.iter().filter_map(|it| it.arguments.strip_prefix(&["-e"])?.first().map(ToString::to_string));
    assert_eq!(names.collect::<BTreeSet<_>>(), tried.collect::<BTreeSet<_>>());
}

#[test]
fn a_missing_volume_prevents_the_create_of_its_pod() {
    let example = example("network-volume", "sindri-byo.yaml");
    let copy = Copy::of(&example);
    let run = copy.run(&["apply", "--auto-approve"]);
    run.exits(3).says_on_stdout("in this account").says_on_stdout("impossible_create");
    assert_eq!(copy.world(), Objects::new());
}

#[test]
fn the_plan_of_the_committed_demo_is_empty_and_writes_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = TempDir::new().expect("a temporary folder");
    let files = ["state/demo.json", "state/demo.world.json", "examples/environments/sindri.yaml"];
    for file in files.iter().chain(&["examples/environments/sindri.demo.yaml"]) {
        let copy = folder.path().join(file);
        fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        fs::copy(root.join(file), copy).expect("a committed file");
    }
    let arguments = ["-C", "examples/environments", "-e", "demo", "--sandbox", "--state", "../../state/demo.json"];
    let run =
        sindri(folder.path()).args(arguments).args(["plan", "--detailed-exitcode"]).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert_eq!((run.status.code(), said.as_ref()), (Some(0), "No changes. 3 resources match sindri.yaml.\n"));
    for file in files {
        assert_eq!(fs::read(root.join(file)).unwrap(), fs::read(folder.path().join(file)).unwrap(), "{file}");
    }
}

/// The whole life cycle of one example.
fn live(example: &Example) {
    let copy = Copy::of(example);
    if let Some(id) = example.foreign_volume {
        copy.put_in_a_volume_for(id);
    }
    let foreign = copy.world();

    copy.run(&["validate"]).exits(0).says_on_stdout("is valid");
    let wanted = copy.plan();
    assert!(wanted.values().all(|change| change.action == "create"), "{wanted:#?}");
    copy.run(&["apply", "--auto-approve"]).exits(0).says_on_stdout("Apply complete");
    copy.is_settled(&wanted, &foreign);

    let edit = copy.edit_image();
    let replaced = copy.announces(&edit, &wanted);
    let before = copy.recorded();
    let data_is_lost = replaced.iter().any(|pod| wanted[pod].gigabytes("volume_gb") > 0);
    if data_is_lost {
        copy.run(&["apply", "--auto-approve"]).exits(3).says_on_stderr("--allow-data-loss");
        assert_eq!(copy.recorded(), before, "a refused apply changes nothing");
    }
    let consent: &[&str] = if data_is_lost { &["--allow-data-loss"] } else { &[] };
    copy.run(&[&["apply", "--auto-approve"], consent].concat()).exits(0).says_on_stdout("Apply complete");
    copy.is_settled(&wanted, &foreign);
    let after = copy.recorded();
    let gone: BTreeSet<String> = before.keys().filter(|address| before[*address] != after[*address]).cloned().collect();
    assert_eq!(gone, replaced, "exactly what was announced has another id now");
    rotate(&copy, &wanted);
    destroy(&copy, &wanted, &foreign);
}

/// A higher `version` updates the secret in place, or replaces the registry credential, and the plan names the pods that
/// keep the old one.
fn rotate(copy: &Copy<'_>, wanted: &BTreeMap<String, Change>) {
    if !copy.raise_version() {
        return;
    }
    let (plan, before) = (copy.plan(), copy.recorded());
    let has_version = |address: &str| wanted[address].after.get("version").is_some_and(|version| !version.is_null());
    let changed: Vec<(&String, &Change)> = plan.iter().filter(|(_, change)| change.action != "no-op").collect();
    let (rotated, users): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(address, _)| has_version(address));
    assert!(!rotated.is_empty(), "{plan:#?}");
    let text = copy.run(&["plan"]);
    text.says_on_stdout(" 1 -> 2  # ");
    for (address, change) in &rotated {
        let expected = if kind_of(address).name == "secret" { "update" } else { "replace" };
        assert_eq!(&change.action, expected, "{address}");
    }
    if wanted.keys().any(|address| kind_of(address).has_container) {
        text.says_on_stdout("pod.");
    }
    // Templates and endpoints take the new credential at once.
    assert!(users.iter().all(|(_, change)| change.action == "update"), "{users:#?}");
    copy.run(&["apply", "--auto-approve"]).exits(0).says_on_stdout("Apply complete");
    let after = copy.recorded();
    for address in wanted.keys() {
        let is_new = rotated.iter().any(|(rotated, change)| *rotated == address && change.action == "replace");
        assert_eq!(before[address] != after[address], is_new, "{address}");
    }
    let run = copy.run(&["plan", "--detailed-exitcode"]);
    run.exits(0);
}

/// Protected objects are kept, with all that they use, until the flags of their kinds are given.
fn destroy(copy: &Copy<'_>, wanted: &BTreeMap<String, Change>, foreign: &Objects) {
    let before = copy.recorded();
    let destroy = copy.run(&["destroy", "--auto-approve", "--allow-data-loss"]);
    destroy.exits(0);
    let is_protected = |address: &String| kind_of(address).protection.is_some();
    let kept = copy.recorded();
    for (address, id) in before.iter().filter(|(address, _)| is_protected(address)) {
        assert_eq!(kept.get(address), Some(id));
        destroy.says_on_stdout(&format!("{} `{id}` is protected and kept", kind_of(address).title));
    }
    let has_kept_users =
        kept.keys().any(|address| is_protected(address) && kind_of(address).name != NETWORK_VOLUME.name);
    assert!(has_kept_users || kept.keys().all(is_protected), "only protected objects are left: {kept:#?}");
    assert_eq!(copy.world(), joined(by_kind(&kept), foreign));
    let again = copy.plan();
    let created = again.iter().filter(|(_, change)| change.action == "create").map(|(address, _)| address);
    assert!(created.eq(wanted.keys().filter(|address| !kept.contains_key(*address))), "{again:#?}");

    let flags: Vec<&str> = kind::protections().map(|protection| protection.flag).collect();
    let all = [&["destroy", "--auto-approve", "--allow-data-loss"][..], &flags].concat();
    copy.run(&all).exits(0);
    assert_eq!(copy.recorded(), BTreeMap::new());
    assert_eq!(copy.world(), *foreign);
}

/// The ids of objects by kind.
type Objects = BTreeMap<&'static str, BTreeSet<String>>;

fn by_kind(recorded: &BTreeMap<String, String>) -> Objects {
    let mut objects = Objects::new();
    for (address, id) in recorded {
        objects.entry(kind_of(address).name).or_default().insert(id.clone());
    }
    objects
}

fn joined(mut objects: Objects, more: &Objects) -> Objects {
    more.iter().for_each(|(kind, ids)| objects.entry(kind).or_default().extend(ids.iter().cloned()));
    objects
}

fn kind_of(address: &str) -> &'static Kind {
    kind::find(address.split('.').next().unwrap_or_default()).expect("a kind")
}

/// A copy of an example's folder that may be changed.
struct Copy<'e> {
    example: &'e Example,
    folder: TempDir,
}

/// One changed line.
struct Edit {
    before: String,
    after: String,
    /// Counted from 1.
    line: usize,
}

/// The change of one address in a plan.
#[derive(Debug)]
struct Change {
    action: String,
    after: Value,
}

impl Change {
    fn gigabytes(&self, attribute: &str) -> i64 {
        self.after[attribute].as_i64().unwrap_or_default()
    }
}

impl<'e> Copy<'e> {
    fn of(example: &'e Example) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for entry in fs::read_dir(source().join(example.folder)).expect("the example") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("a copy");
            }
        }
        // As the README of such an example asks.
        let secrets = folder.path().join(".env.example");
        if secrets.exists() {
            fs::copy(&secrets, folder.path().join(".env.local")).expect("a copy");
        }
        Self { example, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(self.example.file)
    }

    fn sandbox(&self) -> PathBuf {
        self.folder.path().join(".sindri/sandbox")
    }

    fn state(&self) -> PathBuf {
        let environment = match self.example.arguments {
            ["-e", name] => name,
            _ => "default",
        };
        self.sandbox().join(format!("{environment}.json"))
    }

    /// The values in the example's `.env.local`.
    fn secrets(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(".env.local")).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split_once('=')).map(|(_, value)| value.to_owned()).collect()
    }

    /// Creates the volume that the file refers to in the sandbox, and writes its id into the file.
    fn put_in_a_volume_for(&self, placeholder: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let id = runtime.block_on(async {
            fs::create_dir_all(self.sandbox()).expect("a folder");
            let options = EmulatorOptions { world: Some(self.sandbox().join("world.json")), ..Default::default() };
            let account = Account::with(&options);
            let client = account.client(Dialect::V2, 7);
            let inputs = [("name", "by-hand".into()), ("size_gb", 500.into()), ("region", "US-CA-2".into())];
            let inputs = inputs.map(|(name, value): (_, sindri::model::Value)| (name.to_owned(), value));
            let volume = client.create(&NETWORK_VOLUME, &inputs.into(), None).await.expect("a volume");
            account.emulator.save().expect("a saved world");
            volume.id
        });
        let text = fs::read_to_string(self.file()).expect("the file");
        assert!(text.contains(placeholder));
        fs::write(self.file(), text.replace(placeholder, &id)).expect("a changed file");
    }

    /// Runs a command in an environment that contains only the search path.
    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = sindri(self.folder.path());
        command.args(["-f", self.example.file, "--sandbox"]);
        command.args(self.example.arguments).args(arguments);
        let Said { code, stdout, stderr } = Said::of(&mut command);
        Run {
            what: format!("{} {}: {}", self.example.folder, self.example.file, arguments.join(" ")),
            stdout,
            stderr,
            code,
        }
    }

    /// The plan by address, without ports.
    fn plan(&self) -> BTreeMap<String, Change> {
        let run = self.run(&["plan", "--json"]);
        run.exits(0);
        let plan: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{run}: {error}"));
        let changes = plan["resource_changes"].as_array().expect("changes").iter();
        let listed = changes.filter(|change| change["type"] != "port");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let entry = |change: &Value| {
            let action = text(&change["sindri"]["action"]);
            (text(&change["address"]), Change { action, after: change["change"]["after"].clone() })
        };
        listed.map(entry).collect()
    }

    /// Ids by address, without ports, from the sandbox's state.
    fn recorded(&self) -> BTreeMap<String, String> {
        let state = read_json(&self.state());
        let records = state["resources"].as_object().expect("records").iter();
        let listed = records.filter(|(_, record)| record["kind"] != "port");
        listed.map(|(address, record)| (address.clone(), record["id"].as_str().expect("an id").to_owned())).collect()
    }

    /// The ids of all objects in the sandbox's world.
    fn world(&self) -> Objects {
        let path = self.sandbox().join("world.json");
        if !path.exists() {
            return Objects::new();
        }
        let saved = read_json(&path);
        let ids = |kind| world::ids(&saved["world"], kind).into_iter().collect::<BTreeSet<_>>();
        let listed = world::KINDS.iter().map(|(kind, ..)| (*kind, ids(kind)));
        listed.filter(|(_, ids)| !ids.is_empty()).collect()
    }

    /// Checks that state and world contain the wanted objects once, and that no changes are planned.
    fn is_settled(&self, wanted: &BTreeMap<String, Change>, foreign: &Objects) {
        let recorded = self.recorded();
        assert!(recorded.keys().eq(wanted.keys()), "{recorded:#?}");
        assert_eq!(self.world(), joined(by_kind(&recorded), foreign));
        let state = fs::read_to_string(self.state()).expect("a state");
        for secret in self.secrets() {
            assert!(!state.contains(&secret), "a secret is in the state");
        }
        let run = self.run(&["plan", "--detailed-exitcode"]);
        run.exits(0);
        assert!(run.stdout.starts_with("No changes.") && run.stdout.lines().count() == 1, "{run}");
    }

    /// Changes the tag of the first image in the file.
    fn edit_image(&self) -> Edit {
        let text = fs::read_to_string(self.file()).expect("the file");
        let images =
            text.lines().enumerate().filter_map(|(index, line)| Some((index, line.trim().strip_prefix("image: ")?)));
        let (index, before) = images.into_iter().next().expect("an image");
        let after = format!("{before}-next");
        let changed = text.replacen(&format!("image: {before}"), &format!("image: {after}"), 1);
        fs::write(self.file(), changed).expect("a changed file");
        Edit { before: before.to_owned(), after, line: index + 1 }
    }

    /// Raises every `version` that counts rotations. Returns whether there is one.
    fn raise_version(&self) -> bool {
        let text = fs::read_to_string(self.file()).expect("the file");
        let changed = text.replace("version: 1", "version: 2");
        fs::write(self.file(), &changed).expect("a changed file");
        changed != text
    }

    /// Checks that the plan shows which resources the edit changes, how, why, and what that destroys. Returns the
    /// replaced addresses.
    fn announces(&self, edit: &Edit, wanted: &BTreeMap<String, Change>) -> BTreeSet<String> {
        let run = self.run(&["plan", "--detailed-exitcode"]);
        let Edit { before, after, line } = edit;
        run.exits(2);
        run.says_on_stdout(&format!("image  \"{before}\" -> \"{after}\""));
        run.says_on_stdout(&format!("({}:{line})", self.example.file));
        let (mut replaced, mut changed) = (BTreeSet::new(), false);
        for (address, change) in self.plan() {
            let wanted = &wanted[&address];
            let uses_it = wanted.after["image"] == before.as_str();
            let is_replaced = kind_of(&address).has_container && !self.example.in_place.contains(&address.as_str());
            let expected = match (uses_it, is_replaced) {
                (false, _) => "no-op",
                (true, true) => "replace",
                // A template changes in place, and an endpoint rolls out a release.
                (true, false) => "update",
            };
            changed |= uses_it;
            assert_eq!(change.action, expected, "{address}");
            if expected != "replace" {
                continue;
            }
            let volume = match wanted.gigabytes("volume_gb") {
                0 => String::new(),
                size => {
                    format!("pod volume {size} GB at {}, ", wanted.after["volume_mount_path"].as_str().expect("a path"))
                }
            };
            let disk = wanted.gigabytes("container_disk_gb");
            run.says_on_stdout(&format!("destroys: {volume}container disk {disk} GB"));
            replaced.insert(address);
        }
        assert!(changed, "{run}");
        replaced
    }
}

fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A finished command.
struct Run {
    what: String,
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, stdout, stderr, code } = self;
        write!(formatter, "{what}\nexit code {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

impl Run {
    #[track_caller]
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    #[track_caller]
    fn says_on_stdout(&self, words: &str) -> &Self {
        assert!(self.stdout.contains(words), "not said: {words}\n{self}");
        self
    }

    #[track_caller]
    fn says_on_stderr(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "not said: {words}\n{self}");
        self
    }
}
