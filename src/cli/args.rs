//! The command line, as data.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::emulator::quota::QuotaProfile;
use crate::emulator::settings::{Fidelity, Pace};
use crate::model::{Action, Address, Dialect, Updates};
use crate::render::markdown;

const AFTER_HELP: &str = "\
Exit codes:
    0  done, or nothing to do
    1  error
    2  changes are pending (plan --detailed-exitcode, or left out by --target), there is drift (drift), or environments
       differ (diff)
    3  refused: consent is needed, or the state belongs to another API
    4  locked by another command
    5  not the plan that was approved
    6  over budget
    7  no capacity
    8  partly applied
   64  wrong usage
  130  interrupted

Try it without an account: sindri -C examples/training-cluster apply --sandbox";

const PLAN_EXAMPLES: &str = "\
Sends two list calls, takes no lock and writes nothing.

Examples:
  sindri plan                          what apply would do
  sindri plan -e prod --full           every attribute, in the environment prod
  sindri plan --detailed-exitcode      2 where anything would change
  sindri plan --updates in-place       what could be done without replacing pods
  sindri plan --only replace,destroy   what would be destroyed
  sindri plan --target pod.trainer     one resource, with what it needs
  sindri plan --out plan.json          a file for `sindri show` and `sindri apply`
  sindri plan --markdown               a comment for the pull request, on stdout alone
  sindri plan --html > plan.html       a page with the graph";

const DRIFT_EXAMPLES: &str = "\
Holds what RunPod shows against what was applied last, whatever the file says by now.
Takes no lock and writes nothing. Exits with 2 where something has to be settled; what is
only worth knowing does not change the exit code. Findings keep their ids from night to night.

Examples:
  sindri drift                         what left the last applied state
  sindri drift --unmanaged             and what else the account pays for
  sindri drift -e prod --markdown      a report for an issue
  sindri drift --json";

const APPLY_EXAMPLES: &str = "\
Shows the plan and asks. Running it again is always safe: what exists is found, not made twice.

Examples:
  sindri apply                                     ask at the terminal
  sindri apply --auto-approve                      in CI; refused where data would be lost
  sindri apply --auto-approve --allow-data-loss    in CI, with consent to that too
  sindri apply --expect 3f9c0a1b2c3d4e5f           exactly the plan of that id, without asking
  sindri apply plan.json                           a plan saved by `plan --out`, without asking
  sindri apply --sandbox                           a rehearsal without an account";

const SHOW_EXAMPLES: &str = "\
Reads the file alone: no configuration, no state, no account.

Examples:
  sindri show plan.json
  sindri show plan.json --full
  sindri show plan.json --id           for `sindri apply --expect`
  sindri show plan.json --json         the shape that Terraform's tools read";

const DESTROY_EXAMPLES: &str = "\
Shows the plan and asks. Network volumes stay, and go on to cost, unless --include-volumes is given.

Examples:
  sindri destroy                       everything of the environment but network volumes
  sindri destroy 'pod.trainer[3]'      one pod";

const CONNECT_EXAMPLES: &str = "\
Goes straight to the pod where RunPod maps port 22, else through RunPod's proxy.

Examples:
  sindri connect                       the only pod
  sindri connect 'pod.trainer[3]'      one of several
  sindri connect trainer -- nvidia-smi
  sindri connect trainer --print       the ssh command alone";

const OUTPUT_EXAMPLES: &str = "\
Examples:
  sindri output                        every value
  sindri output pod.trainer.id         one value alone, for scripts
  sindri output --json";

const CATALOG_EXAMPLES: &str = "\
Reads the snapshot in the binary: prices are estimates, stock is not in it.

Examples:
  sindri catalog                       GPU types
  sindri catalog gpus a100             those with a100 in any column
  sindri catalog regions";

const IMPORT_EXAMPLES: &str = "\
Examples:
  sindri import pod.trainer 7kq2m9x4ab3c1d
  sindri import network_volume.datasets agv6w2qcg7
  sindri import --discover             after the state file was lost
  sindri import --all --name llm-team  an account made by hand becomes a configuration";

const MERGE_EXAMPLES: &str = "\
Exits with 1 where both sides changed the same resource; its block then shows both.

Once per clone, and once per repository:
  git config merge.sindri.driver 'sindri state merge %O %A %B'
  echo 'state/*.json merge=sindri' >> .gitattributes";

const DIFF_EXAMPLES: &str = "\
Reads files alone. Exits with 0 where they ask for the same, with 2 where they do not.

Examples:
  sindri diff staging prod
  sindri diff -e staging -e prod --json";

const UNLOCK_NOTE: &str = "\
A lock ends with its process, however that ends, so there is none to break: a living holder is named, and
keeps it (exit code 4). What a dead one had begun is settled by the next command that changes something.";

const SERVE_EXAMPLES: &str = "\
Prints `listening on URL` once it does. Any bearer token is a key; /_emu/ looks into the world and changes it.

Examples:
  sindri emulator serve &
  sindri --api-url http://127.0.0.1:4010 apply
  sindri emulator serve --faults flaky --seed 7 --quota documented";

/// Plan and apply GPU pods on RunPod from one reviewed YAML file.
#[derive(Debug, Parser)]
#[command(name = "sindri", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

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
    /// The state file (default: state/ENV.json beside the configuration)
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub state: Option<PathBuf>,
    /// Work on an emulated RunPod inside this process, with a state of its own in .sindri/sandbox
    #[arg(long, global = true, env = "SINDRI_SANDBOX", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Global options")]
    pub sandbox: bool,
    /// The dialect of RunPod's REST API (default: `apiVersion` of the configuration, else v2)
    #[arg(long, value_name = "v1|v2", global = true, value_parser = dialect, help_heading = "Global options")]
    pub api: Option<Dialect>,
    /// Another origin than RunPod's own: scheme, host and port
    #[arg(
        long,
        value_name = "URL",
        global = true,
        env = "RUNPOD_API_BASE_URL",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub api_url: Option<String>,
    /// How long quotas and 429s may delay one request before it fails (default: 10m)
    #[arg(long, value_name = "DURATION", global = true, env = "SINDRI_WAIT_LIMIT", hide_env_values = true, value_parser = duration, help_heading = "Global options")]
    pub wait_limit: Option<Duration>,
    /// How long a fresh pod may be missing from lists (2m for RunPod): less is right only for a gateway or an emulator
    /// whose lists do not lag, and with RunPod makes twins
    #[arg(long, value_name = "DURATION", global = true, env = "SINDRI_LIST_LAG", hide = true, value_parser = duration)]
    pub list_lag: Option<Duration>,
    /// Print results and errors as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Colours: auto looks for a terminal, NO_COLOR and CLICOLOR_FORCE
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
    /// The environment, of commands that work on one.
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

fn dialect(word: &str) -> Result<Dialect, String> {
    match word {
        "v1" => Ok(Dialect::V1),
        "v2" => Ok(Dialect::V2),
        _ => Err("the dialects are v1 and v2".into()),
    }
}

fn updates(word: &str) -> Result<Updates, String> {
    match word {
        "recreate" => Ok(Updates::Recreate),
        "in-place" => Ok(Updates::InPlace),
        _ => Err("updates are `recreate` or `in-place`".into()),
    }
}

/// A word of a plan's line; both replacements are one word.
fn action(word: &str) -> Result<Action, String> {
    const WORDS: [(&str, Action); 9] = [
        ("create", Action::Create),
        ("update", Action::Update),
        ("replace", Action::Replace),
        ("destroy", Action::Delete),
        ("delete", Action::Delete),
        ("start", Action::Start),
        ("stop", Action::Stop),
        ("import", Action::Import),
        ("forget", Action::Forget),
    ];
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known
        .map(|(_, action)| *action)
        .ok_or_else(|| "the actions are create, update, replace, destroy, start, stop, import and forget".to_owned())
}

/// `30s`, `5m`, `1h`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| "a duration looks like 30s, 5m or 1h".to_owned())?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("a duration looks like 30s, 5m or 1h".into()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "that is too long".into())
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first sindri.yaml
    Init,
    /// Check the configuration without asking RunPod anything
    Validate,
    /// Show what two environments ask for, side by side
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Show what apply would do, and why
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(PlanArgs),
    /// Make RunPod match the configuration
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(ApplyArgs),
    /// Apply, then show how to connect
    #[command(after_help = APPLY_EXAMPLES.replace("sindri apply", "sindri deploy"))]
    Deploy(ApplyArgs),
    /// Show a plan that `plan --out` saved
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Destroy what the state records; network volumes stay
    #[command(after_help = DESTROY_EXAMPLES)]
    Destroy(DestroyArgs),
    /// Show what is running and what it costs
    Status,
    /// Show addresses, URLs and SSH commands of what is there
    #[command(after_help = OUTPUT_EXAMPLES)]
    Output(OutputArgs),
    /// Open a shell on a pod over SSH
    #[command(after_help = CONNECT_EXAMPLES)]
    Connect(ConnectArgs),
    /// Stop pods: their GPUs are released, their pod volumes kept
    Stop(PowerArgs),
    /// Start stopped pods
    Start(PowerArgs),
    /// Show what was changed outside since the last apply, and what is in no state
    #[command(after_help = DRIFT_EXAMPLES)]
    Drift(DriftArgs),
    /// Take what RunPod shows into the state, changing nothing at RunPod
    Refresh(RefreshArgs),
    /// Take living pods and volumes into the state
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Look at the state, and correct it by hand
    #[command(subcommand)]
    State(StateCommand),
    /// Say who holds the lock, and clear away what a dead holder left
    #[command(after_help = UNLOCK_NOTE)]
    Unlock,
    /// Draw the configuration's graph
    Graph(GraphArgs),
    /// Print the JSON Schema of a file or of what `--json` prints
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

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Exit with 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub plan: PlanFlags,
    /// Show what `destroy` would do
    #[arg(long, conflicts_with_all = ["replace", "refresh_only"])]
    pub destroy: bool,
    /// Save the plan for `sindri show FILE` and `sindri apply FILE`; no secret is in it
    #[arg(long, value_name = "FILE", conflicts_with = "refresh_only")]
    pub out: Option<PathBuf>,
    /// With false: ask RunPod nothing, and take what the state records to be there; needs no key
    #[arg(long, value_name = "true|false", action = clap::ArgAction::Set, default_value_t = true, hide_default_value = true,
        hide_possible_values = true, conflicts_with = "refresh_only")]
    pub refresh: bool,
    #[command(flatten)]
    pub format: FormatFlags,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// What `sindri plan --out` wrote
    #[arg(value_name = "FILE")]
    pub saved: PathBuf,
    /// Print the plan's id alone, for `sindri apply --expect`
    #[arg(long, conflicts_with_all = ["full", "only", "markdown", "html"])]
    pub id: bool,
    #[command(flatten)]
    pub view: ViewFlags,
    #[command(flatten)]
    pub format: FormatFlags,
}

/// Flags that say how much of a plan is shown.
#[derive(Debug, Args)]
pub struct ViewFlags {
    /// Show every attribute, and unchanged resources too
    #[arg(long)]
    pub full: bool,
    /// Show changes of these kinds alone, and count the others: `replace,destroy`
    #[arg(long, value_name = "ACTIONS", value_delimiter = ',', value_parser = action)]
    pub only: Vec<Action>,
}

/// Flags for what a plan is printed as: one document, and nothing else on stdout.
#[derive(Debug, Args)]
pub struct FormatFlags {
    /// Print a comment for a pull request, in Markdown
    #[arg(long, conflicts_with_all = ["html", "json", "only"])]
    pub markdown: bool,
    /// With --markdown: use at most N bytes [default: 60000]
    #[arg(long, value_name = "N", requires = "markdown", value_parser = clap::value_parser!(u32).range(BUDGETS))]
    pub budget: Option<u32>,
    /// Print one page of HTML that needs nothing else, with the graph
    #[arg(long, conflicts_with_all = ["json", "only"])]
    pub html: bool,
}

/// From what says at least how much is missing, up to what nothing takes as one comment.
const BUDGETS: std::ops::RangeInclusive<i64> = markdown::LEAST_BUDGET as i64..=10_000_000;

/// Flags that shape a plan.
#[derive(Debug, Args)]
pub struct PlanFlags {
    #[command(flatten)]
    pub view: ViewFlags,
    /// Only this, with what it needs; all replicas where it names no number. May be given several times
    #[arg(long, value_name = "ADDRESS", conflicts_with = "refresh_only")]
    pub target: Vec<Address>,
    /// Replace this whether anything differs or not. May be given several times
    #[arg(long, value_name = "ADDRESS", conflicts_with = "refresh_only")]
    pub replace: Vec<Address>,
    /// Take into the state what RunPod shows, and change nothing there
    #[arg(long)]
    pub refresh_only: bool,
    /// How changes that RunPod could apply to a living pod are carried out (default: `lifecycle.updates`)
    #[arg(long, value_name = "recreate|in-place", value_parser = updates)]
    pub updates: Option<Updates>,
    /// Delete network volumes too, with their data, when their block is gone
    #[arg(long)]
    pub include_volumes: bool,
    /// Take over pods and volumes that look like ours, but are in no state
    #[arg(long, conflicts_with = "ignore_existing")]
    pub adopt: bool,
    /// Create new resources beside pods and volumes that look like ours
    #[arg(long)]
    pub ignore_existing: bool,
    /// Destroy and create what looks as if only its key was changed
    #[arg(long)]
    pub no_renames: bool,
}

/// Flags of whatever changes the world.
#[derive(Debug, Args)]
pub struct ChangeFlags {
    /// Do not ask; losing data still needs --allow-data-loss
    #[arg(long, visible_alias = "yes", short = 'y')]
    pub auto_approve: bool,
    /// With --auto-approve: consent to losing pod volumes and network volumes that the plan names
    #[arg(long)]
    pub allow_data_loss: bool,
    /// Apply the plan of this id or none, and do not ask: the id is consent to all that the plan does. With the file that
    /// `plan --out` saved instead of the id, a difference is told field by field
    #[arg(long, value_name = "ID|FILE", conflicts_with_all = ["auto_approve", "allow_data_loss"])]
    pub expect: Option<String>,
    /// Requests under way at once
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub parallelism: u16,
    /// Wait for the lock this long
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
    pub lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// Apply the plan that `sindri plan --out` saved, if nothing that it was made from has changed
    #[arg(value_name = "FILE", conflicts_with_all = ["updates", "include_volumes", "adopt", "ignore_existing", "target",
        "replace", "refresh_only"])]
    pub saved: Option<PathBuf>,
    #[command(flatten)]
    pub plan: PlanFlags,
    #[command(flatten)]
    pub change: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Only these, with what stands on them (default: everything): `pod.trainer`, `pod.trainer[3]`
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<Address>,
    /// Delete network volumes too, with their data
    #[arg(long)]
    pub include_volumes: bool,
    #[command(flatten)]
    pub view: ViewFlags,
    #[command(flatten)]
    pub change: ChangeFlags,
}

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
    pub pod: Option<String>,
    /// Print the command instead of running it
    #[arg(long)]
    pub print: bool,
    /// A command to run on the pod instead of a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
pub struct PowerArgs {
    /// The pods (needed where there are several): `trainer`, `pod.trainer[3]`
    #[arg(value_name = "POD")]
    pub pods: Vec<String>,
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
    #[arg(required_unless_present_any = ["discover", "all"], requires = "id", conflicts_with_all = ["discover", "all"])]
    pub address: Option<Address>,
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
    /// With --all: also pods that carry the marker of a sindri project, and the volumes that they mount
    #[arg(long, requires = "all")]
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
        address: Address,
    },
    /// Give a record another address; its ports follow
    Mv {
        /// What the state calls it now: `pod.train`
        from: Address,
        /// What it is called from now on: `pod.trainer`
        to: Address,
        /// Wait for the lock this long
        #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
        lock_timeout: Duration,
    },
    /// Forget a record; what it names lives on and is not managed any more
    Rm {
        /// `pod.trainer`
        address: Address,
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
    /// The language to draw in: Graphviz's, or the one that GitHub draws
    #[arg(long, value_enum, default_value = "dot", hide_possible_values = true, value_name = "dot|mermaid")]
    pub format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    Dot,
    Mermaid,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of `sindri.yaml`, or of what `plan --json`, `drift --json` or any error with `--json` prints
    #[arg(value_enum, value_name = "config|plan|drift|error", hide_possible_values = true)]
    pub what: SchemaName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    Config,
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
    pub pace: Pace,
    /// How many requests are allowed
    #[arg(long, default_value_t, value_name = "off|documented|generous")]
    pub quota: QuotaProfile,
    /// Answer 410 on every /v1 path, as the real service does since 2026-11-15
    #[arg(long)]
    pub v1_retired: bool,
}

/// An address from a word that people type: `trainer` is `pod.trainer`.
pub fn pod_address(word: &str) -> Option<Address> {
    word.parse().ok().or_else(|| format!("pod.{word}").parse().ok())
}
