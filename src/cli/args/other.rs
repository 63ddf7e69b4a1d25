//! The arguments of all other commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::examples::*;
use super::words::{address, duration, interval};
use crate::apply::readiness::Condition;
use crate::cli::address::AddressWord;
use crate::emulator::{BootPace, Fidelity, QuotaProfile};

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// One environment; giving `-e` twice is equivalent to both
    #[arg(value_name = "ENV", requires = "right")]
    pub left: Option<String>,
    /// The other environment
    #[arg(value_name = "OTHER")]
    pub right: Option<String>,
}

#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The pod (required if there are several): `trainer`, `pod.trainer[3]`
    #[arg(value_parser = address)]
    pub pod: Option<AddressWord>,
    /// Print the command instead of running it
    #[arg(long)]
    pub print: bool,
    /// A command to run on the pod instead of a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these (default: everything): `trainer`, `pod.trainer[3]`, `network_volume.data`
    #[arg(value_name = "ADDRESS", value_parser = address)]
    pub addresses: Vec<AddressWord>,
    /// One line per resource
    #[arg(long)]
    pub short: bool,
    /// Repeat until interrupted; redraws on a terminal
    #[arg(long)]
    pub watch: bool,
    /// With --watch: the time between two readings
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = interval, requires = "watch")]
    pub interval: Duration,
}

#[derive(Debug, Args)]
pub struct WaitArgs {
    /// The pods (default: all pods recorded as running): `trainer`, `pod.trainer[3]`
    #[arg(value_name = "POD", value_parser = address)]
    pub pods: Vec<AddressWord>,
    /// When a pod counts as ready: RunPod reports it ready, its ports answer, its ssh server answers, or a page exists
    #[arg(long = "for", value_name = "running|ports|ssh|http:PATH", default_value = "running")]
    pub condition: Condition,
    /// Give up after this long
    #[arg(long, default_value = "10m", value_name = "DURATION", value_parser = duration)]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
pub struct PowerArgs {
    /// The pods (required if there are several): `trainer`, `pod.trainer[3]`
    #[arg(value_name = "POD", value_parser = address)]
    pub pods: Vec<AddressWord>,
    /// All pods of the environment
    #[arg(long, conflicts_with = "pods")]
    pub all: bool,
    /// Wait for the lock this long
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
    pub lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub struct DriftArgs {
    /// Print the report as Markdown, for an issue; the first line identifies the environment
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Also list every other pod and network volume of the account, with its cost
    #[arg(long)]
    pub unmanaged: bool,
}

#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// Wait for the lock this long
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
    pub lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Its address: `pod.trainer`, `network_volume.datasets`
    #[arg(value_parser = address, required_unless_present_any = ["discover", "all"], requires = "id", conflicts_with_all = ["discover", "all"])]
    pub address: Option<AddressWord>,
    /// RunPod's id
    #[arg(required_unless_present_any = ["discover", "all"])]
    pub id: Option<String>,
    /// Recreate a lost state: pods by their markers, volumes by the pods that mount them and by their attributes
    #[arg(long)]
    pub discover: bool,
    /// With --discover: the lineage to continue with, if pods of several states have this project's name
    #[arg(long, value_name = "ID", requires = "discover")]
    pub lineage: Option<String>,
    /// Import all unmanaged objects: writes sindri.yaml and records the objects in it. If there is a configuration,
    /// prints the blocks to add to it, and records the objects it already declares
    #[arg(long, conflicts_with = "discover")]
    pub all: bool,
    /// With --all: the project's name (default: the folder's)
    #[arg(long, value_name = "NAME", requires = "all")]
    pub name: Option<String>,
    /// Include pods with the marker of another sindri project, and their volumes; with --all, of any project
    #[arg(long, conflicts_with = "discover")]
    pub include_marked: bool,
    /// Wait for the lock this long
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
    pub lock_timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List every address with its id
    List,
    /// Show one record
    Show {
        /// `pod.trainer`
        #[arg(value_parser = address)]
        address: AddressWord,
    },
    /// Change the address of a record; its ports follow
    Mv {
        /// The current address: `pod.train`
        #[arg(value_parser = address)]
        from: AddressWord,
        /// The new address: `pod.trainer`
        #[arg(value_parser = address)]
        to: AddressWord,
        /// Wait for the lock this long
        #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
        lock_timeout: Duration,
    },
    /// Forget a record; the object keeps existing but is no longer managed
    Rm {
        /// `pod.trainer`
        #[arg(value_parser = address)]
        address: AddressWord,
        /// Wait for the lock this long
        #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
        lock_timeout: Duration,
    },
    /// Check the state file, for example after a merge
    Verify,
    /// Merge three versions of a state file, resource by resource: a merge driver for git
    #[command(after_help = MERGE_EXAMPLES)]
    Merge {
        /// The common ancestor: git's %O
        base: PathBuf,
        /// Our version, which the result replaces: git's %A
        ours: PathBuf,
        /// Their version: git's %B
        theirs: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print only this value: `pod.trainer.ssh.command`
    pub path: Option<String>,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The format: a picture, or text for Graphviz or for Mermaid, which GitHub draws
    #[arg(long, value_enum, default_value = "dot", hide_possible_values = true, value_name = "dot|mermaid|svg")]
    pub format: GraphFormat,
    /// Make a plan, and colour each resource by its planned action
    #[arg(long)]
    pub plan: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    Dot,
    Mermaid,
    Svg,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Name of the project; pods and volumes are named after it
    #[arg(long)]
    pub name: Option<String>,
    /// GPU type, pool or tier, as `sindri catalog` lists them; several are tried in order
    #[arg(long, value_delimiter = ',', value_name = "GPU")]
    pub gpu: Vec<String>,
    /// Container image
    #[arg(long)]
    pub image: Option<String>,
    /// Data center or country (default: any)
    #[arg(long, value_delimiter = ',', value_name = "REGION")]
    pub region: Vec<String>,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The format: `sindri.yaml`, an overlay such as `sindri.prod.yaml`, or the output of `plan --json`, `drift --json`
    /// or any error with `--json`
    #[arg(value_enum, value_name = "config|overlay|plan|drift|error", hide_possible_values = true)]
    pub what: SchemaName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    Config,
    Overlay,
    Plan,
    Drift,
    Error,
}

#[derive(Debug, Args)]
pub struct CatalogArgs {
    /// The kind of entry to list
    #[arg(value_enum, default_value = "gpus")]
    pub what: CatalogList,
    /// Only rows that contain this text, ignoring case
    pub filter: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CatalogList {
    Gpus,
    Pools,
    Cpus,
    Regions,
}

#[derive(Debug, Subcommand)]
pub enum EmulatorCommand {
    /// Serve both dialects on loopback until interrupted
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The port; 0 picks a free one
    #[arg(long, default_value_t = 4010)]
    pub port: u16,
    /// Keep the emulated account in this file
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// Faults: the name of a scenario, or a file of rules
    #[arg(long, value_name = "NAME|FILE")]
    pub faults: Option<String>,
    /// The seed for ids, ports, stock and random events
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// The behaviour to emulate if RunPod's documents and recordings of the live service disagree
    #[arg(long, default_value_t, value_name = "observed|documented")]
    pub fidelity: Fidelity,
    /// How long pods take to start
    #[arg(long, default_value_t, value_name = "fast|realistic")]
    pub pace: BootPace,
    /// The request quotas to emulate
    #[arg(long, default_value_t, value_name = "off|documented|generous")]
    pub quota: QuotaProfile,
    /// Answer 410 on every /v1 path, as the real service has since 2026-11-15
    #[arg(long)]
    pub v1_retired: bool,
}
