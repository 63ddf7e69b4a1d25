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
    /// One environment; `-e` given twice says the same as both
    #[arg(value_name = "ENV", requires = "right")]
    pub left: Option<String>,
    /// The other one
    #[arg(value_name = "OTHER")]
    pub right: Option<String>,
}

#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The pod (needed where there are several): `trainer`, `pod.trainer[3]`
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
    /// Show it again and again until interrupted; redraws on a terminal
    #[arg(long)]
    pub watch: bool,
    /// With --watch: how long to wait in between
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = interval, requires = "watch")]
    pub interval: Duration,
}

#[derive(Debug, Args)]
pub struct WaitArgs {
    /// The pods (default: all that are recorded as running): `trainer`, `pod.trainer[3]`
    #[arg(value_name = "POD", value_parser = address)]
    pub pods: Vec<AddressWord>,
    /// What makes a pod ready: RunPod shows it ready, its ports answer, its ssh server greets, or a page is there
    #[arg(long = "for", value_name = "running|ports|ssh|http:PATH", default_value = "running")]
    pub condition: Condition,
    /// Give up after this long
    #[arg(long, default_value = "10m", value_name = "DURATION", value_parser = duration)]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
pub struct PowerArgs {
    /// The pods (needed where there are several): `trainer`, `pod.trainer[3]`
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
    /// Print the report as Markdown, for an issue: its first line says which environment it is about
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// List every other pod and network volume of the account too, with what it costs
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
    /// Where it belongs: `pod.trainer`, `network_volume.datasets`
    #[arg(value_parser = address, required_unless_present_any = ["discover", "all"], requires = "id", conflicts_with_all = ["discover", "all"])]
    pub address: Option<AddressWord>,
    /// RunPod's id
    #[arg(required_unless_present_any = ["discover", "all"])]
    pub id: Option<String>,
    /// Write a lost state again: pods by their markers, volumes by the pods that mount them and by their looks
    #[arg(long)]
    pub discover: bool,
    /// With --discover: the lineage to go on with, where pods of several states carry this project's name
    #[arg(long, value_name = "ID", requires = "discover")]
    pub lineage: Option<String>,
    /// Everything that no state records: writes sindri.yaml and records what stands in it. Where there is a configuration,
    /// prints what to add to it, and records what it declares already
    #[arg(long, conflicts_with = "discover")]
    pub all: bool,
    /// With --all: the project's name (default: the folder's)
    #[arg(long, value_name = "NAME", requires = "all")]
    pub name: Option<String>,
    /// Also pods that carry the marker of another sindri project, and the volumes that they mount; with --all of any project
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
    /// Give a record another address; its ports follow
    Mv {
        /// What the state calls it now: `pod.train`
        #[arg(value_parser = address)]
        from: AddressWord,
        /// What it is called from now on: `pod.trainer`
        #[arg(value_parser = address)]
        to: AddressWord,
        /// Wait for the lock this long
        #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
        lock_timeout: Duration,
    },
    /// Forget a record; what it names lives on and is not managed any more
    Rm {
        /// `pod.trainer`
        #[arg(value_parser = address)]
        address: AddressWord,
        /// Wait for the lock this long
        #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
        lock_timeout: Duration,
    },
    /// Check the state file, as after a merge
    Verify,
    /// Merge three versions of a state file, resource by resource: a merge driver for git
    #[command(after_help = MERGE_EXAMPLES)]
    Merge {
        /// What both come from: git's %O
        base: PathBuf,
        /// Ours, which the result replaces: git's %A
        ours: PathBuf,
        /// Theirs: git's %B
        theirs: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print one value alone: `pod.trainer.ssh.command`
    pub path: Option<String>,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// What to draw: a picture, or text for Graphviz or for Mermaid, which GitHub draws
    #[arg(long, value_enum, default_value = "dot", hide_possible_values = true, value_name = "dot|mermaid|svg")]
    pub format: GraphFormat,
    /// Make a plan, and colour each resource by what apply would do to it
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
    /// Of `sindri.yaml`, of an overlay such as `sindri.prod.yaml`, or of what `plan --json`, `drift --json` or any error with
    /// `--json` prints
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
    /// What to list
    #[arg(value_enum, default_value = "gpus")]
    pub what: CatalogList,
    /// Only rows that contain this, in any case
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
    /// Keep the world in this file
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// Faults: the name of a scenario, or a file of rules
    #[arg(long, value_name = "NAME|FILE")]
    pub faults: Option<String>,
    /// Seeds ids, ports, stock and chance
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// What to serve where RunPod's documents and recordings of the live service disagree
    #[arg(long, default_value_t, value_name = "observed|documented")]
    pub fidelity: Fidelity,
    /// How long pods take to come up
    #[arg(long, default_value_t, value_name = "fast|realistic")]
    pub pace: BootPace,
    /// How many requests are allowed
    #[arg(long, default_value_t, value_name = "off|documented|generous")]
    pub quota: QuotaProfile,
    /// Answer 410 on every /v1 path, as the real service does since 2026-11-15
    #[arg(long)]
    pub v1_retired: bool,
}
