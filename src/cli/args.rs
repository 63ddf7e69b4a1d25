//! The command line, as data.

mod examples;
mod other;
mod plan;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use other::*;
pub use plan::*;

use super::variables;
use crate::model::Dialect;
use crate::runpod::credential::URL_VARIABLE;
use examples::*;
use words::{dialect, duration};

/// Plan and apply GPU pods on RunPod from one reviewed YAML file.
#[derive(Debug, Parser)]
#[command(name = "sindri", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The variable equivalent to `--allow-files-in`.
const FOLDERS_VARIABLE: &str = "SINDRI_ALLOW_FILES_IN";

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = "Global options")]
    pub directory: Option<PathBuf>,
    /// Read this configuration instead of searching for sindri.yaml
    #[arg(
        short = 'f',
        long = "file",
        value_name = "FILE",
        global = true,
        env = "SINDRI_CONFIG",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub file: Option<PathBuf>,
    /// The environment: merges sindri.ENV.yaml over the configuration and uses state/ENV.json
    #[arg(
        short = 'e',
        long = "env",
        value_name = "ENV",
        global = true,
        env = "SINDRI_ENV",
        hide_env_values = true,
        action = clap::ArgAction::Append,
        help_heading = "Global options"
    )]
    pub environments: Vec<String>,
    /// The state file (default: state/ENV.json next to the configuration)
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub state: Option<PathBuf>,
    /// Also read secrets and linked files from DIR outside the project; may be given several times [env:
    /// SINDRI_ALLOW_FILES_IN, a list like PATH]
    #[arg(
        long = "allow-files-in",
        value_name = "DIR",
        global = true,
        action = clap::ArgAction::Append,
        help_heading = "Global options"
    )]
    pub readable_folders: Vec<PathBuf>,
    /// Use an emulated RunPod inside this process, with a separate state in .sindri/sandbox
    #[arg(long, global = true, env = "SINDRI_SANDBOX", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Global options")]
    pub sandbox: bool,
    /// The dialect of RunPod's REST API (default: `apiVersion` of the configuration, else v2)
    #[arg(long, value_name = "v1|v2", global = true, value_parser = dialect, help_heading = "Global options")]
    pub api: Option<Dialect>,
    /// The API's origin, if not RunPod: scheme, host and port
    #[arg(
        long,
        value_name = "URL",
        global = true,
        env = URL_VARIABLE,
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub api_url: Option<String>,
    /// How long quotas and 429s may delay one request before it fails (default: 10m)
    #[arg(long, value_name = "DURATION", global = true, env = "SINDRI_WAIT_LIMIT", hide_env_values = true, value_parser = duration, help_heading = "Global options")]
    pub wait_limit: Option<Duration>,
    /// How long a new pod may be missing from lists (2m for RunPod). Use less only for a gateway or an emulator
    /// whose lists do not lag; with RunPod, it creates duplicates
    #[arg(long, value_name = "DURATION", global = true, env = "SINDRI_LIST_LAG", hide = true, value_parser = duration)]
    pub list_lag: Option<Duration>,
    /// Print results and errors as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Colours; auto checks for a terminal, NO_COLOR and CLICOLOR_FORCE
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        global = true,
        hide_possible_values = true,
        value_name = "auto|always|never",
        help_heading = "Global options"
    )]
    pub color: ColorChoice,
    /// Print results and errors only
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Print every request on stderr, without headers, bodies or keys
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
}

impl Global {
    /// The folders of `--allow-files-in`, or those of the variable. Relative paths start from `-C`.
    pub fn readable_folders(&self) -> Vec<PathBuf> {
        let directory = self.directory.clone().unwrap_or_default();
        // clap would also split the values of the flag, but a folder's name may contain the separator.
        let listed = variables::set(FOLDERS_VARIABLE).filter(|_| self.readable_folders.is_empty());
        let listed: Vec<PathBuf> = listed.iter().flat_map(std::env::split_paths).collect();
        let named = self.readable_folders.iter().chain(&listed).filter(|folder| !folder.as_os_str().is_empty());
        named.map(|folder| directory.join(folder)).collect()
    }

    /// The environment, for commands that use a single one.
    pub fn environment(&self) -> Option<&str> {
        self.environments.first().map(String::as_str)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first sindri.yaml
    #[command(after_help = INIT_EXAMPLES)]
    Init(InitArgs),
    /// Check the configuration without contacting RunPod
    Validate,
    /// Compare the configurations of two environments side by side
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Show the changes that apply would make, and why
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(PlanArgs),
    /// Make RunPod match the configuration
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(ApplyArgs),
    /// Apply, then show how to connect
    #[command(after_help = APPLY_EXAMPLES.replace("sindri apply", "sindri deploy"))]
    Deploy(ApplyArgs),
    /// Show a plan saved by `plan --out`
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Destroy the recorded resources, except network volumes
    #[command(after_help = DESTROY_EXAMPLES)]
    Destroy(DestroyArgs),
    /// Show resources, their status and cost
    #[command(after_help = STATUS_EXAMPLES)]
    Status(StatusArgs),
    /// Show the addresses, URLs and SSH commands of the resources
    #[command(after_help = OUTPUT_EXAMPLES)]
    Output(OutputArgs),
    /// Wait until pods are ready for use
    #[command(after_help = WAIT_EXAMPLES)]
    Wait(WaitArgs),
    /// Open a shell on a pod over SSH
    #[command(after_help = CONNECT_EXAMPLES)]
    Connect(ConnectArgs),
    /// Stop pods, releasing their GPUs and keeping their pod volumes
    Stop(PowerArgs),
    /// Start stopped pods
    Start(PowerArgs),
    /// Show changes made outside sindri since the last apply, and orphans
    #[command(after_help = DRIFT_EXAMPLES)]
    Drift(DriftArgs),
    /// Update the state from RunPod, without changing anything at RunPod
    Refresh(RefreshArgs),
    /// Import existing pods and volumes into the state
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Show the state, and correct it by hand
    #[command(subcommand)]
    State(StateCommand),
    /// Show who holds the lock, and clean up after a dead process
    #[command(after_help = UNLOCK_NOTE)]
    Unlock,
    /// Draw the configuration's graph
    Graph(GraphArgs),
    /// Print the JSON Schema of a file or of `--json` output
    Schema(SchemaArgs),
    /// List GPU types, pools, CPU flavors and data centers
    #[command(after_help = CATALOG_EXAMPLES)]
    Catalog(CatalogArgs),
    /// Serve an emulated RunPod over HTTP
    #[command(subcommand)]
    Emulator(EmulatorCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

impl Command {
    /// Whether it may change RunPod, the state or the project's files. Its result then matters even if the caller
    /// stopped reading the output.
    pub fn changes_something(&self) -> bool {
        match self {
            Self::Init(_)
            | Self::Apply(_)
            | Self::Deploy(_)
            | Self::Destroy(_)
            | Self::Stop(_)
            | Self::Start(_)
            | Self::Refresh(_)
            | Self::Import(_)
            | Self::Unlock => true,
            Self::State(command) => match command {
                StateCommand::Mv { .. } | StateCommand::Rm { .. } | StateCommand::Merge { .. } => true,
                StateCommand::List | StateCommand::Show { .. } | StateCommand::Verify => false,
            },
            Self::Validate
            | Self::Diff(_)
            | Self::Plan(_)
            | Self::Show(_)
            | Self::Status(_)
            | Self::Output(_)
            | Self::Wait(_)
            | Self::Connect(_)
            | Self::Drift(_)
            | Self::Graph(_)
            | Self::Schema(_)
            | Self::Catalog(_)
            | Self::Emulator(_)
            | Self::Completions { .. } => false,
        }
    }
}
