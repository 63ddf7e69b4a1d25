//! The arguments of commands that plan or apply.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches};

use super::words::{action, address, duration, updates};
use crate::cli::address::AddressWord;
use crate::kind;
use crate::model::{Action, Updates};
use crate::render::markdown;

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Exit with 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub plan: PlanFlags,
    /// Show the changes that `destroy` would make
    #[arg(long, conflicts_with_all = ["replace", "refresh_only"])]
    pub destroy: bool,
    /// Save the plan for `sindri show FILE` and `sindri apply FILE`; it contains no secrets
    #[arg(long, value_name = "FILE", conflicts_with = "refresh_only")]
    pub out: Option<PathBuf>,
    /// With false: do not contact RunPod, and assume that the state is current; needs no key
    #[arg(long, value_name = "true|false", action = clap::ArgAction::Set, default_value_t = true, hide_default_value = true,
        hide_possible_values = true, conflicts_with = "refresh_only")]
    pub refresh: bool,
    #[command(flatten)]
    pub format: FormatFlags,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The file written by `sindri plan --out`
    #[arg(value_name = "FILE")]
    pub saved: PathBuf,
    /// Print only the plan's id, for `sindri apply --expect`
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
    /// Show every attribute, and also unchanged resources
    #[arg(long)]
    pub full: bool,
    /// Show only changes of these kinds, and count the others: `replace,destroy`
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
    /// Print a self-contained HTML page with the graph
    #[arg(long, conflicts_with_all = ["json", "only"])]
    pub html: bool,
}

/// From the smallest budget that can report missing parts, to more than any service accepts in a comment.
const BUDGETS: std::ops::RangeInclusive<i64> = markdown::LEAST_BUDGET as i64..=10_000_000;

/// Flags that shape a plan.
#[derive(Debug, Args)]
pub struct PlanFlags {
    #[command(flatten)]
    pub view: ViewFlags,
    /// Only this resource and its dependencies; without a number, all replicas. May be given several times
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "refresh_only")]
    pub target: Vec<AddressWord>,
    /// Replace this resource even if nothing differs. May be given several times
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "refresh_only")]
    pub replace: Vec<AddressWord>,
    /// Update the state from RunPod, and change nothing there
    #[arg(long)]
    pub refresh_only: bool,
    /// How to apply changes that RunPod can make to an existing pod (default: `lifecycle.updates`)
    #[arg(long, value_name = "recreate|in-place", value_parser = updates)]
    pub updates: Option<Updates>,
    #[command(flatten)]
    pub permits: DeletionFlags,
    /// Adopt unmanaged pods and volumes that match the configuration
    #[arg(long, conflicts_with = "ignore_existing")]
    pub adopt: bool,
    /// Create new resources even if unmanaged pods and volumes match the configuration
    #[arg(long)]
    pub ignore_existing: bool,
    /// Replace resources that appear to be renamed
    #[arg(long)]
    pub no_renames: bool,
}

/// The group of [`DeletionFlags`].
const DELETION_FLAGS: &str = "permits";

/// One flag for each protected kind, which permits deleting its objects ([`kind::Protection`]).
#[derive(Debug, Default)]
pub struct DeletionFlags(BTreeSet<String>);

impl DeletionFlags {
    /// The flags given on the command line.
    pub fn flags(&self) -> BTreeSet<String> {
        self.0.clone()
    }

    /// Each flag's long name, which is also its id, and its help.
    fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        kind::protections().map(|protection| (protection.flag.trim_start_matches("--"), protection.help))
    }
}

impl Args for DeletionFlags {
    fn augment_args(command: Command) -> Command {
        let flag = |(name, help)| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
        let group = ArgGroup::new(DELETION_FLAGS).multiple(true).args(Self::all().map(|(name, _)| name));
        command.args(Self::all().map(flag)).group(group)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for DeletionFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = Self::all().filter(|(name, _)| matches.get_flag(name));
        Ok(Self(given.map(|(name, _)| format!("--{name}")).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Flags of every command that changes objects.
#[derive(Debug, Args)]
pub struct ChangeFlags {
    /// Do not ask; losing data still needs --allow-data-loss
    #[arg(long, visible_alias = "yes", short = 'y')]
    pub auto_approve: bool,
    /// With --auto-approve: consent to losing the volumes, addresses and jobs that the plan lists
    #[arg(long)]
    pub allow_data_loss: bool,
    /// Apply only the plan with this id, without asking; the id is consent to everything in the plan. With the file of
    /// `plan --out` instead of the id, differences are listed field by field
    #[arg(long, value_name = "ID|FILE", conflicts_with_all = ["auto_approve", "allow_data_loss"])]
    pub expect: Option<String>,
    /// Maximum number of concurrent requests
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub parallelism: u16,
    /// Wait for the lock this long
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
    pub lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// Apply the plan saved by `sindri plan --out`, unless it is stale
    #[arg(value_name = "FILE", conflicts_with_all = ["updates", "permits", "adopt", "ignore_existing", "target",
        "replace", "refresh_only"])]
    pub saved: Option<PathBuf>,
    #[command(flatten)]
    pub plan: PlanFlags,
    #[command(flatten)]
    pub change: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Only these and their dependents (default: everything): `trainer`, `pod.trainer[3]`
    #[arg(value_name = "ADDRESS", value_parser = address)]
    pub addresses: Vec<AddressWord>,
    #[command(flatten)]
    pub permits: DeletionFlags,
    #[command(flatten)]
    pub view: ViewFlags,
    #[command(flatten)]
    pub change: ChangeFlags,
}
