//! Measures the commands at every size, sindri and Terraform in turns.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::account::Account;
use crate::commands::{Before, COMMANDS, Command};
use crate::options::Options;
use crate::process::{Ended, Program, Sample};
use crate::support::large_fleet::LargeFleet;
use crate::support::{KEY, Project};
use crate::terraform::Terraform;

/// Slow commands of Terraform are repeated until they took this long together.
const TERRAFORM_TIME: Duration = Duration::from_secs(120);

/// A command at one size.
pub struct Row {
    pub command: &'static Command,
    pub pods: usize,
    pub samples: Vec<Sample>,
    /// Processor time of the emulator during each run. Empty where it is unknown.
    pub emulator: Vec<Duration>,
    /// Runs of Terraform.
    pub terraform: Vec<Sample>,
}

/// In the order of [`COMMANDS`], and by size within a command.
pub fn measure(options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    for pods in options.sizes() {
        let selected: Vec<&Command> = COMMANDS.iter().filter(|command| options.measures(command, pods)).collect();
        let mut terraform = options.measures_terraform(pods).then(|| Terraform::of(options, pods)).flatten();
        for before in [Before::Nothing, Before::Replicas, Before::Blocks, Before::Alike] {
            let mut selected = selected.iter().filter(|command| command.before == before).peekable();
            if selected.peek().is_some() {
                let stage = Stage::new(options, before, pods);
                rows.extend(selected.map(|command| stage.measure(command, terraform.as_mut())));
            }
        }
    }
    let position = |row: &Row| COMMANDS.iter().position(|command| command.name == row.command.name);
    rows.sort_by_key(|row| (position(row), row.pods));
    rows
}

/// An account and a project, to which each run returns.
pub struct Stage<'a> {
    options: &'a Options,
    pub account: Account,
    project: Project,
    fleet: LargeFleet,
    world: Value,
    /// The state file and the journal.
    stored: Vec<(String, Vec<u8>)>,
}

impl<'a> Stage<'a> {
    fn new(options: &'a Options, before: Before, pods: usize) -> Self {
        let fleet = before.fleet(pods);
        let mut stage = Self::empty(options, fleet, &fleet.yaml());
        if before != Before::Nothing {
            eprintln!("{pods:>6} pods: applying");
            stage.apply();
        }
        stage
    }

    /// An empty account, and a project that declares `yaml`.
    pub fn empty(options: &'a Options, fleet: LargeFleet, yaml: &str) -> Self {
        let account = Account::start();
        let world = account.world();
        Self { options, account, project: Project::new(yaml), fleet, world, stored: Vec::new() }
    }

    /// Applies, and makes the result the start of each run.
    pub fn apply(&mut self) {
        let program = Program { limit: None, ..self.program("apply --auto-approve") };
        assert_eq!(program.measure().ended, Ended::Exited(0), "{}", program.last_words());
        self.world = self.account.world();
        self.stored = self.project.stored();
    }

    /// Runs sindri once.
    pub fn run(&self, words: &str) -> Sample {
        self.program(words).measure()
    }

    fn program(&self, words: &str) -> Program<'_> {
        Program {
            path: &self.options.sindri,
            folder: self.folder(),
            arguments: words.split_whitespace().map(str::to_owned).collect(),
            environment: vec![("RUNPOD_API_KEY", KEY.into()), ("RUNPOD_API_BASE_URL", self.account.url().into())],
            limit: Some(Duration::from_secs(self.options.limit_seconds)),
        }
    }

    fn folder(&self) -> &Path {
        self.project.folder()
    }

    /// Returns to the start of a run.
    pub fn restore(&self, account_too: bool) {
        let folder = self.project.path("state");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a writable folder");
        for (name, bytes) in &self.stored {
            std::fs::write(folder.join(name), bytes).expect("a writable folder");
        }
        if account_too {
            self.account.restore(&self.world);
        }
    }

    fn measure(&self, command: &'static Command, mut terraform: Option<&mut Terraform>) -> Row {
        let mut row =
            Row { command, pods: self.fleet.pods, samples: Vec::new(), emulator: Vec::new(), terraform: Vec::new() };
        for _ in 0..self.options.runs() {
            self.restore(command.changes_account);
            self.project.write("sindri.yaml", &(command.after)(self.fleet).yaml());
            (command.prepare)(&self.project);
            let before = self.account.cpu();
            let sample = self.run(command.words);
            row.emulator.extend(before.zip(self.account.cpu()).map(|(before, after)| after - before));
            let ended = sample.ended;
            self.report(command, &sample);
            row.samples.push(sample);
            if ended != Ended::Exited(command.exit) {
                break;
            }
            row.terraform
                .extend(terraform.as_mut().and_then(|terraform| alternate(terraform, command, &row.terraform)));
        }
        if command.changes_account {
            self.restore(true);
        }
        row
    }

    fn report(&self, command: &Command, sample: &Sample) {
        let Sample { wall, cpu, peak_bytes, ended } = sample;
        eprintln!(
            "{:>6} pods: {:<10} {cpu:>8.2?} cpu {wall:>8.2?} wall {:>5} MB",
            self.fleet.pods,
            command.name,
            peak_bytes / 1_000_000
        );
        if *ended != Ended::Exited(command.exit) {
            eprintln!("{ended:?} instead of {}:\n{}", command.exit, self.program(command.words).last_words());
        }
    }
}

/// Runs the same command of Terraform, unless the runs so far took too long.
fn alternate(terraform: &mut Terraform, command: &Command, so_far: &[Sample]) -> Option<Sample> {
    let spent: Duration = so_far.iter().map(|sample| sample.wall).sum();
    if spent > TERRAFORM_TIME {
        return None;
    }
    let sample = terraform.run(command)?;
    eprintln!("        terraform: {:<10} {:>8.2?} cpu {:>8.2?} wall", command.name, sample.cpu, sample.wall);
    Some(sample)
}
