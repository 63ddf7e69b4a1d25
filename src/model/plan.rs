//! A plan: what differs, why, what that would destroy and cost, and the requests that would settle it.
//!
//! A plan is data. The same value is printed, saved, compared and applied; apply decides nothing that is not in it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Address, Attributes, Awaiting, Dialect, Marker, Money, Object, Position, Power, Record, Timeouts, Value};

/// What is done to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    NoOp,
    Create,
    Update,
    /// Destroyed, then created again.
    Replace,
    /// Created again, then the predecessor destroyed (`createBeforeDestroy`).
    ReplaceCreateFirst,
    Delete,
    Start,
    Stop,
    /// Taken into the state as it is; no request.
    Import,
    /// Dropped from the state, while whatever it named lives on or is gone already; no request.
    Forget,
}

impl Action {
    /// The symbol in front of a plan's line, where there is one.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::NoOp => ".",
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "-/+",
            Self::ReplaceCreateFirst => "+/-",
            Self::Delete => "-",
            Self::Start => ">",
            Self::Stop => "||",
            Self::Import => "<-",
            Self::Forget => "x",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::NoOp => "no-op",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace | Self::ReplaceCreateFirst => "replace",
            Self::Delete => "delete",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Import => "import",
            Self::Forget => "forget",
        }
    }

    pub fn is_replacement(self) -> bool {
        matches!(self, Self::Replace | Self::ReplaceCreateFirst)
    }

    /// Whether the object that exists now is gone afterwards.
    pub fn destroys(self) -> bool {
        self.is_replacement() || self == Self::Delete
    }
}

/// What changing one attribute costs the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing restarts.
    InPlace,
    /// The container is made anew: container disk wiped, pod volume kept.
    Restart,
    /// Only a new object can have the new value.
    Replace,
}

/// The worst that a change can do. Ordered: later is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    #[default]
    None,
    /// A running container restarts; what is outside its volumes is lost.
    Restart,
    /// A container disk is gone for good, with its pod.
    EphemeralLoss,
    /// A pod volume is destroyed.
    DiskLoss,
    /// A network volume is destroyed.
    VolumeLoss,
}

/// One request that changes the world, one change of the state alone, or a wait that changes neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Create,
    Update,
    Delete,
    Start,
    Stop,
    Import,
    Forget,
    /// Sends nothing: waits until an object that exists is ready for use. No intent has this verb.
    Wait,
}

impl Verb {
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Import => "import",
            Self::Forget => "forget",
            Self::Wait => "wait",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Who made a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The configuration asks for something else than was applied last.
    Declared,
    /// The configuration asks for what was applied last; somebody changed the object at RunPod.
    Drift,
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// `image`, `env.LOG_LEVEL`.
    pub path: String,
    pub before: Value,
    pub after: Value,
    /// The new value is known only when another resource exists.
    pub after_unknown: bool,
    pub effect: Effect,
    /// The rule of the API that makes the effect what it is; from the kind's table. For display.
    pub rule: String,
    /// Who made the difference; `None` where that cannot be told: nothing was applied yet, or the value is secret.
    pub origin: Option<Origin>,
    /// Where the new value is written.
    pub position: Option<Position>,
}

/// Why an address is in the plan. For display and for tools; apply must not read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Declared, and there is neither a record nor an object.
    New { position: Option<Position> },
    /// Attributes differ from what is declared; see the change's `fields`.
    Fields,
    /// Recorded, but no longer there.
    Missing { id: String },
    /// It never became ready.
    Tainted,
    /// It is there, but unusable: `Error`, or running without its GPU.
    Broken {
        status: String,
        /// What may make it usable again without a replacement.
        #[serde(default)]
        retry: Option<Retry>,
    },
    /// Its block is gone from the configuration.
    Undeclared,
    /// A replacement that creates first has made, or is making, its successor.
    Superseded { by: Address },
    /// Everything is being destroyed.
    Destroy,
    /// Another resource is replaced, created or destroyed.
    Dependency { address: Address, action: Action },
    /// The part that it belongs to changes; its request does the work.
    Parent { address: Address },
    /// Power differs: it should be running, or stopped.
    Power { wanted: Power, origin: Option<Origin>, position: Option<Position> },
    /// A pod that carries the marker of this address is alive, though no state records it.
    Marker { id: String, operation: String, same_lineage: bool },
    /// A volume of the same name, size and place is in no state.
    Lookalike { id: String },
    /// A command-line flag asked for it, named here.
    Flag { flag: String },
}

/// A request that may bring a broken object back, with the volume that a replacement would lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// RunPod says that it can be started.
    Start,
    /// It runs without its GPU, and may get one when it starts again.
    StopAndStart,
}

/// Data that a change destroys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// `container disk`, `pod volume`, `network volume`, `environment not declared`.
    pub what: String,
    /// The parts that are lost by name, such as variables that no file declares; never their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    pub size_gb: Option<i64>,
    pub mount_path: Option<String>,
    /// Whether losing it needs consent of its own (pod volumes and network volumes do).
    pub precious: bool,
}

/// Something that a change brings with it and that none of its fields says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "side_effect", rename_all = "snake_case")]
pub enum SideEffect {
    /// The new object has another value than the one it replaces, although this is no reason to replace it: the attribute is
    /// ignored, or several values satisfy the configuration.
    Field { field: FieldChange },
    /// It is created running, because RunPod cannot create a stopped pod, and stopped afterwards. The boot needs stock and
    /// costs `hourly` while it lasts.
    Boots { hourly: Money },
    /// `createBeforeDestroy` cannot be followed, because `needs` is destroyed before its own successor exists.
    DestroyedFirst { needs: Address },
}

/// Why a plan must not be applied as it stands, and how to proceed on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable word: `protected`, `prevent_destroy`, `shrink`, `budget`, `locked`.
    pub code: String,
    pub message: String,
    pub help: String,
    /// Where in the configuration, if it is there.
    pub position: Option<Position>,
}

/// What happens to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    /// The id of the object that exists now.
    pub id: Option<String>,
    /// What differs, desired from observed; empty for creates and deletes, whose whole is in `before` or `after`.
    pub fields: Vec<FieldChange>,
    /// The object's attributes now, as far as sindri manages them; empty where there is none.
    pub before: Attributes,
    /// The attributes wanted; empty where none is.
    pub after: Attributes,
    pub causes: Vec<Cause>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side_effects: Vec<SideEffect>,
    pub risk: Risk,
    pub losses: Vec<Loss>,
    /// Estimated cost of the object now and afterwards, storage included.
    pub hourly_before: Money,
    pub hourly_after: Money,
    /// What `--updates in-place` would do instead of this replacement, in words.
    pub in_place_alternative: Option<String>,
    pub position: Option<Position>,
    /// Refusals of this change; the plan cannot be applied while any stands.
    pub refusals: Vec<Refusal>,
}

impl Change {
    /// The attributes that change, those last that change only because the object is replaced.
    pub fn all_fields(&self) -> impl Iterator<Item = &FieldChange> {
        let beside = self.side_effects.iter().filter_map(|effect| match effect {
            SideEffect::Field { field } => Some(field),
            SideEffect::Boots { .. } | SideEffect::DestroyedFirst { .. } => None,
        });
        self.fields.iter().chain(beside)
    }

    /// The same, to be rewritten.
    pub fn all_fields_mut(&mut self) -> impl Iterator<Item = &mut FieldChange> {
        let beside = self.side_effects.iter_mut().filter_map(|effect| match effect {
            SideEffect::Field { field } => Some(field),
            SideEffect::Boots { .. } | SideEffect::DestroyedFirst { .. } => None,
        });
        self.fields.iter_mut().chain(beside)
    }
}

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
    pub hourly: Money,
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

/// An object that is to run, exists and is not ready yet, although nothing about it changes: apply waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    pub address: Address,
    pub id: String,
    /// In the words of [`super::Status`].
    pub status: String,
    /// RFC 3339, as far as RunPod says so.
    pub created_at: Option<String>,
    pub started_at: Option<String>,
    /// What its record says of its readiness; `None` where it was ready before.
    pub awaiting: Option<Awaiting>,
    /// How long an apply waits for it.
    pub timeout_seconds: u64,
}

/// Exactly one request that changes RunPod (or, for imports and forgets, one change of the state alone, and for waits
/// nothing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub address: Address,
    pub verb: Verb,
    /// The object acted upon; `None` for a create.
    pub id: Option<String>,
    /// Create: every attribute. Update: those that change, and of `env` the managed map with `Null` for removed keys.
    pub inputs: Attributes,
    /// Create: what to lay over `inputs`, in the order to try when capacity is short. Never empty for a create.
    pub candidates: Vec<Attributes>,
    /// Indices into [`Plan::operations`] that must have succeeded before; always smaller than this one's own.
    pub depends_on: Vec<usize>,
    /// The record once it has succeeded (with the id to be filled in by a create); `None` once it is gone.
    pub record: Option<Record>,
    /// Members (ports) that the same request creates, changes or removes.
    pub members: BTreeMap<Address, Option<Record>>,
    /// Of a create that goes before the destruction of its predecessor: where the predecessor's record is kept meanwhile.
    pub deposes: Option<Address>,
    /// Wait until the object is ready (create, start, an update that restarts, whatever leaves an object that is not ready
    /// yet), or gone (delete).
    pub wait: bool,
    pub timeouts: Timeouts,
    /// The create of the successor, if this is a delete that makes room for it. Before the delete runs, everything that can be
    /// known about that create is checked again: stock, and what it refers to.
    pub replaced_by: Option<usize>,
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
    pub hourly_before: Money,
    pub hourly_after: Money,
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
