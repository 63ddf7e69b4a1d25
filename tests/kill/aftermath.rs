//! The state after a killed run, and the result of one plain apply.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Emulator, Project, Said};

pub const APPLY: &str = "apply --auto-approve";

/// The emulator's lists do not lag. What remains is the time in which a dead client's request may still be in flight.
pub const LAG: &str = "3s";

/// Two volumes with this many pods on them.
pub fn fleet(pods: usize) -> String {
    let (left, right) = (pods - pods / 2, pods / 2);
    format!(
        r#"version: "3.0"
name: fleet
deployment:
  provider: runpod
  image: example/image:1
providers:
  runpod:
    gpuType: NVIDIA L4
    volumeSizeGb: 0
    ports: []
    networkVolumes:
      data0: {{ sizeGb: 100, region: US-CA-2 }}
      data1: {{ sizeGb: 100, region: US-CA-2 }}
    pods:
      left: {{ replicas: {left}, networkVolume: data0 }}
      right: {{ replicas: {right}, networkVolume: data1 }}
"#
    )
}

/// A project and its account. An hour passes in a minute, so pods start at once.
pub struct Place {
    pub emulator: Emulator,
    pub project: Project,
    pub pods: usize,
}

impl Place {
    pub fn new(pods: usize) -> Self {
        let emulator = Emulator::start();
        assert_eq!(emulator.ask("POST", "/_emu/clock", Some(json!({ "scale": 60 }))).0, 200);
        Self { emulator, project: Project::new(&fleet(pods)), pods }
    }

    pub fn command(&self, words: &str) -> std::process::Command {
        let mut command = self.project.command(&self.emulator, words);
        command.env("SINDRI_LIST_LAG", LAG);
        command
    }

    pub fn run(&self, words: &str) -> Said {
        Said::of(&mut self.command(words))
    }

    /// Every existing pod and volume, by id.
    pub fn alive(&self) -> BTreeMap<String, String> {
        let objects = self.emulator.pods().into_iter().chain(self.emulator.volumes());
        let text = |object: &Value, name: &str| object[name].as_str().expect("text").to_owned();
        objects.map(|object| (text(&object, "id"), text(&object, "name"))).collect()
    }

    /// Objects that no apply has a reason to destroy: volumes, and pods with the declared image.
    pub fn healthy(&self) -> BTreeSet<String> {
        let config = self.project.read("sindri.yaml");
        let wanted = |pod: &&Value| config.contains(&format!("image: {}\n", pod["image"].as_str().expect("an image")));
        let (pods, volumes) = (self.emulator.pods(), self.emulator.volumes());
        let healthy = pods.iter().filter(wanted).chain(&volumes);
        healthy.map(|object| object["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Every id in the state file; empty without a file.
    fn recorded(&self) -> BTreeSet<String> {
        if !self.project.path("state/default.json").exists() {
            return BTreeSet::new();
        }
        let state = self.project.state();
        let records = state["resources"].as_object().expect("resources").values();
        records.map(|record| record["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Runs one plain apply; `moment` describes the kill before it.
    pub fn put_right(&self, moment: &str) -> Figures {
        let before = self.healthy();
        let mut figures = Figures { stops: 1, ..Figures::default() };
        figures.expect_success(moment, "state verify", &self.run("state verify"));
        let said = self.run(APPLY);
        figures.expect_success(moment, APPLY, &said);
        figures.expect_success(moment, "state verify, then", &self.run("state verify"));
        figures.expect_success(moment, "plan", &self.run("plan --detailed-exitcode"));

        let (after, recorded) = (self.alive(), self.recorded());
        let destroyed = before.iter().filter(|id| !after.contains_key(*id)).count();
        let orphans = after.keys().filter(|id| !recorded.contains(*id)).count();
        let lost = recorded.iter().filter(|id| !after.contains_key(*id)).count();
        let distinct: BTreeSet<&String> = after.values().collect();
        let duplicated = after.len() - distinct.len();
        let wanted = self.pods + 2;
        if (destroyed, orphans, lost, duplicated, after.len()) != (0, 0, 0, 0, wanted) {
            figures.problems.push(format!(
                "{moment}: {destroyed} destroyed, {orphans} orphans, {lost} lost, {duplicated} duplicated, {} of {wanted} exist\n{}\n{}",
                after.len(), said.stdout, said.stderr
            ));
        }
        Figures {
            survivors: before.len(),
            destroyed,
            orphans,
            lost,
            duplicated,
            missing: wanted.saturating_sub(distinct.len()),
            ..figures
        }
    }
}

/// Counts over many runs that were stopped.
#[derive(Debug, Default)]
pub struct Figures {
    pub stops: usize,
    /// Objects that existed when the run was stopped.
    pub survivors: usize,
    /// Survivors that the next run destroyed.
    pub destroyed: usize,
    /// Objects in no state.
    pub orphans: usize,
    /// Records without an object.
    pub lost: usize,
    /// Objects with the same name as another.
    pub duplicated: usize,
    /// Declared but missing objects.
    pub missing: usize,
    pub problems: Vec<String>,
}

impl Figures {
    fn expect_success(&mut self, moment: &str, command: &str, said: &Said) {
        if said.code != Some(0) {
            self.problems.push(format!("{moment}: {command} exits {:?}\n{}\n{}", said.code, said.stdout, said.stderr));
        }
    }

    fn add(&mut self, other: Self) {
        self.stops += other.stops;
        self.survivors += other.survivors;
        self.destroyed += other.destroyed;
        self.orphans += other.orphans;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.missing += other.missing;
        self.problems.extend(other.problems);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stops, survivors, destroyed, orphans, lost, duplicated, missing, problems } = self;
        write!(
            f,
            "{stops} stopped runs, {survivors} objects alive then: {lost} lost, {duplicated} duplicated, {orphans} orphans, \
             {destroyed} healthy ones destroyed, {missing} missing, {} problems",
            problems.len()
        )
    }
}

/// Runs `point` for each of `points`, a few concurrently, because each mostly waits. Fails if any of them found a
/// problem.
pub fn count<P: Sync>(what: &str, points: &[P], point: impl Fn(&P) -> Figures + Sync) {
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Figures::default()));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(this) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let figures = point(this);
                    total.lock().expect("no panic while adding").add(figures);
                }
            });
        }
    });
    let total = total.into_inner().expect("no panic while adding");
    println!("{what}: {total}");
    assert_eq!(total.stops, points.len(), "{what}: every run was stopped");
    assert!(total.problems.is_empty(), "{what}: {total}\n{}", total.problems.join("\n\n"));
}
