//! A plan: what differs, why, what that would destroy and cost, and the requests that would settle it.
//!
//! A plan is data. The same value is printed, saved, compared and applied; apply decides nothing that is not in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Action, Address, Cause, Change, Cost, Dialect, FieldChange, Loss, Marker, Money, Object, Operation, Record,
    Refusal, Wait,
};

/// How reality left the last applied state. A plan tells no `Orphan` and no `Unmanaged` among its drift; a report does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftClass {
    Gone,
    Changed,
    Stopped,
    Started,
    ZeroGpu,
    Errored,
    /// It is to run, and is not ready for use.
    NotReady,
    /// It goes on under another id (`fields` has `id`), elsewhere, or without an address that it had.
    Moved,
    /// It carries our marker, and is in no state.
    Orphan,
    /// It is somebody else's, or another project's.
    Unmanaged,
}

/// One address where observed differs from prior.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    pub address: Address,
    pub id: String,
    pub class: DriftClass,
    /// `before` is what was applied last, `after` what is there now; an effect is that of undoing it.
    pub fields: Vec<FieldChange>,
    /// What the plan does about it. A report, which is no plan, does not read it.
    #[serde(default)]
    pub answer: Answer,
}

/// What a plan does about one outside change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing, for another reason than those below: it is not declared any more and protected, or spared.
    #[default]
    Untouched,
    /// This action settles it.
    Planned(Action),
    /// What is there now is what the configuration asks for.
    Agrees,
    /// `lifecycle.ignoreChanges` names it.
    Ignored,
    /// The configuration asks for something that cannot be reached from what is there; the change has a refusal.
    Refused,
    /// An action would settle it, and this plan leaves that out.
    LeftOut,
    /// The state takes it over.
    Accepted,
}

impl Answer {
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

/// An object that carries our marker and is in no state.
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
    /// A marked object, told as an orphan; `None` for one without a marker.
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

/// An object that stands for a resource of the state a second time, made from another state of the same project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Double {
    pub kind: String,
    pub id: String,
    pub name: String,
    /// The resource that it repeats.
    pub address: Address,
    /// The recorded object.
    pub of: String,
    /// Of a pod: the state that made it. Volumes are told by name, size and place alone.
    pub lineage: Option<String>,
    pub hourly: Cost,
}

/// Two addresses that look like one resource whose key was changed: the old one is undeclared and alive, the new one is to
/// be created. For people; a `moved` entry makes it one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    pub from: Address,
    pub to: Address,
    /// The object that is there.
    pub id: String,
    /// Attributes in which it differs from what is declared, beside its name; empty where it is the same.
    pub differing: Vec<String>,
    /// Whether it would go on under the new address. If not, what differs replaces it there as well.
    pub keeps: bool,
}

/// Something a reader of the plan should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub address: Option<Address>,
    pub message: String,
}

/// Estimated hourly cost of everything in the state and the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSummary {
    pub hourly_before: Cost,
    pub hourly_after: Cost,
    /// Of data with precious losses, in GB.
    pub data_at_risk_gb: i64,
}

/// What a plan of some resources leaves for another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// What was asked for (`--target`); what these need, or stand in the way of, is in the plan as well.
    pub targets: Vec<Address>,
    /// What else is pending, in graph order; ports count with their pods.
    pub left_out: Vec<(Address, Action)>,
    /// Refusals of what is left out: they hold as soon as a plan includes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<(Address, Refusal)>,
    /// What else is declared to run and not ready yet: this plan does not wait for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ready: Vec<Address>,
}

impl Partial {
    /// Whether anything is pending that the plan leaves out.
    pub fn leaves_out(&self) -> bool {
        let Self { targets: _, left_out, refused, not_ready } = self;
        !(left_out.is_empty() && refused.is_empty() && not_ready.is_empty())
    }
}

/// All of it. A saved plan reads back without its operations and records: they are made anew before anything is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The configuration's `name`.
    pub name: String,
    pub environment: String,
    pub lineage: String,
    /// Whether the state holds nothing yet: then its lineage was made up for this reading, and means nothing.
    pub new_state: bool,
    pub api: String,
    pub dialect: Dialect,
    /// Whether this plan destroys everything (`sindri destroy`).
    pub destroy: bool,
    /// Whether this plan only takes into the state what RunPod shows (`--refresh-only`).
    pub refresh_only: bool,
    /// Whether RunPod was not asked, and what the state records was taken to be there (`--refresh=false`).
    pub unrefreshed: bool,
    /// Where the plan is about some resources only.
    pub partial: Option<Partial>,
    /// Resources that go on under another address, from old to new.
    pub moves: Vec<(Address, Address)>,
    /// Resources that look as if their key was changed without a `moved` entry.
    pub renames: Vec<Rename>,
    /// Every address that is declared or recorded, unchanged ones included, in graph order.
    pub changes: Vec<Change>,
    /// What nothing is to be done about but to wait; in graph order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Wait>,
    pub drift: Vec<Drift>,
    pub orphans: Vec<Orphan>,
    /// What exists a second time. Those with a marker are among the orphans as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubles: Vec<Double>,
    /// In an order that respects every edge.
    #[serde(skip)]
    pub operations: Vec<Operation>,
    /// Corrections of the state that need no request and destroy nothing: renamed addresses, inputs that are satisfied in
    /// another wording, resources that turned out ready after all. Written before the first operation.
    #[serde(skip)]
    pub records: BTreeMap<Address, Option<Record>>,
    pub cost: CostSummary,
    pub notes: Vec<Note>,
    /// Refusals of the plan as a whole: the budget, and creates that are known to fail for the same reason on several
    /// resources.
    pub refusals: Vec<Refusal>,
    /// [`super::State::digest`] of the state that was planned from.
    pub prior_digest: String,
}

impl Plan {
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(change.action).or_insert(0) += 1;
        }
        counts
    }

    /// Whether nothing is left to do: applying it would change nothing, and everything that is to run is ready.
    pub fn is_empty(&self) -> bool {
        !self.changes_anything() && self.waits.is_empty()
    }

    /// Whether applying it would change something at RunPod, or, where that is all it is for, in the state. Only a change
    /// needs consent; waiting does not.
    pub fn changes_anything(&self) -> bool {
        let accepts = self.refresh_only && !self.drift.is_empty();
        self.changes.iter().any(|change| change.action != Action::NoOp) || accepts
    }

    /// Whether something else is pending that this plan leaves out.
    pub fn leaves_out(&self) -> bool {
        self.partial.as_ref().is_some_and(Partial::leaves_out)
    }

    /// The changes by address, for whoever looks up more than one.
    pub fn by_address(&self) -> BTreeMap<&Address, &Change> {
        self.changes.iter().map(|change| (&change.address, change)).collect()
    }

    /// Whether it takes something over that only looks like ours: a person has to say so.
    pub fn adopts_strangers(&self) -> bool {
        self.changes
            .iter()
            .flat_map(|change| &change.causes)
            .any(|cause| matches!(cause, Cause::Marker { same_lineage: false, .. } | Cause::Lookalike { .. }))
    }

    /// What would be destroyed and made again although only its key seems to have changed: a person has to say which it is.
    pub fn undecided_renames(&self) -> impl Iterator<Item = &Rename> {
        self.renames.iter().filter(|rename| rename.keeps)
    }

    /// All refusals, of the plan and of its changes.
    pub fn all_refusals(&self) -> impl Iterator<Item = (Option<&Address>, &Refusal)> {
        let own = self.refusals.iter().map(|refusal| (None, refusal));
        own.chain(
            self.changes
                .iter()
                .flat_map(|change| change.refusals.iter().map(|refusal| (Some(&change.address), refusal))),
        )
    }

    /// Losses that need consent of their own.
    pub fn precious_losses(&self) -> impl Iterator<Item = (&Address, &Loss)> {
        self.changes
            .iter()
            .flat_map(|change| change.losses.iter().filter(|loss| loss.precious).map(|loss| (&change.address, loss)))
    }
}
