//! A plan: the differences, their causes, the data and money at stake, and the requests that resolve them.
//!
//! A plan is data. The same value is printed, saved, compared and applied; apply makes no decisions of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Action, Address, Change, Cost, Dialect, FieldChange, Loss, Marker, Money, Object, Operation, Record, Refusal, Wait,
};

/// How reality differs from the last applied state. `Orphan` and `Unmanaged` appear only in drift reports, never in a
/// plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftClass {
    Gone,
    Changed,
    Stopped,
    Started,
    ZeroGpu,
    Errored,
    /// It should run but is not ready.
    NotReady,
    /// It has another id (`fields` has `id`), another region, or lost one of its addresses.
    #[serde(rename = "moved")]
    Migrated,
    /// A write-only value was replaced outside sindri.
    Rotated,
    /// RunPod lowered the number of workers because there were no requests.
    ScaledDown,
    /// It carries our marker but is in no state.
    Orphan,
    /// It belongs to another project or is not managed by sindri.
    Unmanaged,
}

/// One address whose observed value differs from the prior one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    pub address: Address,
    pub id: String,
    pub class: DriftClass,
    /// `before` was applied last, `after` is observed; each effect is that of undoing the difference.
    pub fields: Vec<FieldChange>,
    /// The plan's response. Drift reports do not use it.
    #[serde(default)]
    pub answer: DriftResponse,
}

/// A plan's response to one outside change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftResponse {
    /// No action, for a reason not listed below: the resource is no longer declared and is protected or spared.
    #[default]
    Untouched,
    /// This action resolves it.
    Planned(Action),
    /// The observed value matches the configuration.
    Agrees,
    /// Listed in `lifecycle.ignoreChanges`.
    Ignored,
    /// The declared value cannot be reached from the observed one; the change has a refusal.
    Refused,
    /// An action would resolve it, but this plan excludes it.
    LeftOut,
    /// The state adopts the observed value.
    Accepted,
}

impl DriftResponse {
    pub fn word(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Planned(_) => "planned",
            Self::Agrees => "agrees",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
            Self::LeftOut => "left-out",
            Self::Accepted => "accepted",
        }
    }
}

/// An object that carries our marker but is in no state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    pub kind: String,
    pub id: String,
    pub name: String,
    pub marker: Marker,
    pub status: Option<String>,
    pub hourly: Option<Money>,
    pub created_at: Option<String>,
}

impl Orphan {
    /// Reads an object as an orphan; `None` without a marker.
    pub fn of(object: &Object) -> Option<Self> {
        Some(Self {
            kind: object.kind.to_owned(),
            id: object.id.clone(),
            name: object.name.clone(),
            marker: object.marker.clone()?,
            status: object.status.as_ref().map(ToString::to_string),
            hourly: object.computed.cost_per_hour,
            created_at: object.computed.created_at.clone(),
        })
    }
}

/// A second object for a resource in the state, created from another state of the same project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Double {
    pub kind: String,
    pub id: String,
    pub name: String,
    /// The resource that it duplicates.
    pub address: Address,
    /// The recorded object.
    pub of: String,
    /// For a pod: the state that created it. Volumes are recognised only by name, size and region.
    pub lineage: Option<String>,
    pub hourly: Cost,
}

/// A probable rename: one address is no longer declared but its object lives, another is about to be created, and both
/// look like the same resource. For display; a `moved` entry makes the rename effective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    pub from: Address,
    pub to: Address,
    /// The id of the existing object.
    pub id: String,
    /// Attributes, other than the name, that differ from the configuration. Empty if none do.
    pub differing: Vec<String>,
    /// Whether a `moved` entry would keep the object. If not, the differences force a replacement there too.
    pub keeps: bool,
}

/// Something a reader of the plan should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub address: Option<Address>,
    pub message: String,
}

/// Estimated hourly cost of all resources in the state and the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSummary {
    pub hourly_before: Cost,
    pub hourly_after: Cost,
    /// The highest total that RunPod can reach by itself, see [`Change::peak_after`].
    #[serde(default)]
    pub peak_before: Cost,
    #[serde(default)]
    pub peak_after: Cost,
    /// Total size of data with precious losses, in GB.
    pub data_at_risk_gb: i64,
}

/// The part that a targeted plan leaves for a later one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// The `--target` addresses. The plan also includes what they need and what blocks them.
    pub targets: Vec<Address>,
    /// Other pending changes, in graph order; ports count with their pods.
    pub left_out: Vec<(Address, Action)>,
    /// Refusals of left-out changes. They apply to any plan that includes those changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<(Address, Refusal)>,
    /// Other resources that should run but are not ready; this plan does not wait for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ready: Vec<Address>,
}

impl Partial {
    /// Whether the plan leaves out anything that is pending.
    pub fn leaves_out(&self) -> bool {
        let Self { targets: _, left_out, refused, not_ready } = self;
        !(left_out.is_empty() && refused.is_empty() && not_ready.is_empty())
    }
}

/// The complete plan. A saved plan is read without its operations and records; sindri recomputes them before apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The configuration's `name`.
    pub name: String,
    pub environment: String,
    pub lineage: String,
    /// Whether the state is still empty. Its lineage is then a placeholder.
    pub new_state: bool,
    pub api: String,
    pub dialect: Dialect,
    /// Whether this plan destroys everything (`sindri destroy`).
    pub destroy: bool,
    /// Whether this plan only updates the state to what RunPod shows (`--refresh-only`).
    pub refresh_only: bool,
    /// Whether the plan trusts the state without asking RunPod (`--refresh=false`).
    pub unrefreshed: bool,
    /// Set if the plan covers only some resources.
    pub partial: Option<Partial>,
    /// Resources whose address changed, old to new.
    pub moves: Vec<(Address, Address)>,
    /// Resources whose key seems to have changed without a `moved` entry.
    pub renames: Vec<Rename>,
    /// Every declared or recorded address, including unchanged ones, in graph order.
    pub changes: Vec<Change>,
    /// Resources that only need waiting, in graph order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Wait>,
    pub drift: Vec<Drift>,
    pub orphans: Vec<Orphan>,
    /// Duplicate objects. Those with a marker are also in `orphans`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubles: Vec<Double>,
    /// In dependency order.
    #[serde(skip)]
    pub operations: Vec<Operation>,
    /// State corrections that need no request and destroy nothing: renamed addresses, inputs satisfied in another
    /// wording, resources that turned out to be ready. Written before the first operation.
    #[serde(skip)]
    pub records: BTreeMap<Address, Option<Record>>,
    /// By record without an operation: new resources of this plan that it needs, see [`super::Resource::needs`]. It is
    /// recorded with them once they exist.
    #[serde(skip)]
    pub late_needs: BTreeMap<Address, Vec<Address>>,
    pub cost: CostSummary,
    pub notes: Vec<Note>,
    /// Refusals of the whole plan: the budget, and creates of several resources that are known to fail for the same
    /// reason.
    pub refusals: Vec<Refusal>,
    /// [`super::State::digest`] of the state that the plan is based on.
    pub prior_digest: String,
}

impl Plan {
    /// Whether nothing is left to do: no changes, and everything that should run is ready.
    pub fn is_empty(&self) -> bool {
        !self.changes_anything() && self.waits.is_empty()
    }

    /// Whether applying it changes anything at RunPod or, for `--refresh-only`, in the state. Changes need consent;
    /// waiting does not.
    pub fn changes_anything(&self) -> bool {
        let accepts = self.refresh_only && !self.drift.is_empty();
        self.changes.iter().any(|change| change.action != Action::NoOp) || accepts
    }

    /// Whether the plan leaves out other pending changes.
    pub fn leaves_out(&self) -> bool {
        self.partial.as_ref().is_some_and(Partial::leaves_out)
    }

    /// The changes by address, for callers with several lookups.
    pub fn by_address(&self) -> BTreeMap<&Address, &Change> {
        self.changes.iter().map(|change| (&change.address, change)).collect()
    }

    /// Whether it adopts an object that only looks like ours. This needs a person's consent.
    pub fn adopts_unmanaged(&self) -> bool {
        self.changes.iter().flat_map(|change| &change.causes).any(|cause| cause.adopted_by_evidence().is_some())
    }

    /// Probable renames that the plan would carry out as destroy and create. A person must decide.
    pub fn undecided_renames(&self) -> impl Iterator<Item = &Rename> {
        self.renames.iter().filter(|rename| rename.keeps)
    }

    /// All refusals of the plan and its changes.
    pub fn all_refusals(&self) -> impl Iterator<Item = (Option<&Address>, &Refusal)> {
        let own = self.refusals.iter().map(|refusal| (None, refusal));
        own.chain(
            self.changes
                .iter()
                .flat_map(|change| change.refusals.iter().map(|refusal| (Some(&change.address), refusal))),
        )
    }

    /// The changes with losses that need explicit consent but are no stored data: addresses and jobs.
    pub fn other_losses(&self) -> impl Iterator<Item = (&Address, &Loss)> {
        let changes = self.changes.iter().filter(|change| !change.risk.loses_data());
        changes.flat_map(Change::precious)
    }

    /// Losses of stored data that need explicit consent.
    pub fn data_losses(&self) -> impl Iterator<Item = (&Address, &Loss)> {
        self.changes.iter().filter(|change| change.risk.loses_data()).flat_map(Change::precious)
    }

    /// Losses that need explicit consent.
    pub fn precious_losses(&self) -> impl Iterator<Item = (&Address, &Loss)> {
        self.changes.iter().flat_map(Change::precious)
    }
}
