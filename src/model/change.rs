//! Changes of a plan: what happens to one address, why, and which data it destroys.

use serde::{Deserialize, Serialize};

use super::code::codes;
use super::{Address, Attributes, Cost, Position, Power, Value};

/// The action on one address.
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
    /// Adds an existing object to the state; sends no request.
    Import,
    /// Drops the record from the state and leaves the object, if it still exists, untouched; sends no request.
    Forget,
}

impl Action {
    /// The symbol at the start of the address's line in a plan.
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

    /// Whether the existing object is destroyed.
    pub fn destroys(self) -> bool {
        self.is_replacement() || self == Self::Delete
    }
}

/// The effect on the object of changing one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing restarts.
    InPlace,
    /// RunPod releases a new version and exchanges the workers. Idle ones end at once, busy ones after their job.
    Rollout,
    /// RunPod recreates the container: it wipes the container disk and keeps the pod volume.
    Restart,
    /// The new value needs a new object.
    Replace,
}

/// The worst outcome of a change. Ordered from harmless to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    #[default]
    None,
    /// A running container restarts; everything outside its volumes is lost.
    Restart,
    /// A pod is destroyed together with its container disk.
    EphemeralLoss,
    /// An address that clients call ceases to exist; a successor has another.
    AddressLoss,
    /// Queued and running jobs are cancelled.
    JobsLoss,
    /// A pod volume is destroyed.
    DiskLoss,
    /// A network volume is destroyed.
    VolumeLoss,
}

impl Risk {
    /// Whether stored data is lost. Addresses and jobs are no stored data.
    pub fn loses_data(self) -> bool {
        self >= Self::DiskLoss
    }
}

/// The origin of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceOrigin {
    /// The configuration changed since the last apply.
    Declared,
    /// The configuration is unchanged; the object was changed at RunPod.
    Drift,
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// For example `image` or `env.LOG_LEVEL`.
    pub path: String,
    pub before: Value,
    pub after: Value,
    /// The new value becomes known only once another resource exists.
    pub after_unknown: bool,
    pub effect: Effect,
    /// The API rule behind the effect, from the kind's table. For display.
    pub rule: String,
    /// `None` if unknown: nothing was applied yet, or the value is secret.
    pub origin: Option<DifferenceOrigin>,
    /// Position of the new value in the configuration.
    pub position: Option<Position>,
}

/// Why an address is in the plan. For display and tools; apply must not read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Declared, with neither a record nor an object.
    New { position: Option<Position> },
    /// Attributes differ from the configuration; see the change's `fields`.
    Fields,
    /// Recorded, but the object no longer exists.
    Missing { id: String },
    /// The object never became ready.
    Tainted,
    /// The object exists but is unusable: status `Error`, or running without its GPU.
    Broken {
        status: String,
        /// A request that may make it usable again without a replacement.
        #[serde(default)]
        retry: Option<Retry>,
    },
    /// Its block was removed from the configuration.
    Undeclared,
    /// A create-before-destroy replacement has created, or is creating, its successor.
    Superseded { by: Address },
    /// Everything is being destroyed.
    Destroy,
    /// It is no longer declared, or is being destroyed, but a protected resource that stays needs it.
    NeededBy { address: Address },
    /// Another resource is replaced, created or destroyed, or a template that supplies fields is changed.
    Dependency { address: Address, action: Action },
    /// Its parent changes, and the parent's request covers it.
    Parent { address: Address },
    /// The object should be running and is stopped, or the reverse.
    Power { wanted: Power, origin: Option<DifferenceOrigin>, position: Option<Position> },
    /// A live pod carries the marker of this address, but no state records it.
    Marker { id: String, operation: String, same_lineage: bool },
    /// An unmanaged volume has the same name, size and region.
    Lookalike { id: String },
    /// An unmanaged volume differs, but a pod that was recognised by its marker mounts it in this place.
    Mounted { id: String, by: Address },
    /// Requested by this command-line flag.
    Flag { flag: String },
}

impl Cause {
    /// The id of an adopted object that only seems to be ours: nothing shows that this state created it.
    pub fn adopted_by_evidence(&self) -> Option<&str> {
        match self {
            Self::Lookalike { id } | Self::Mounted { id, .. } | Self::Marker { id, same_lineage: false, .. } => {
                Some(id)
            }
            _ => None,
        }
    }
}

/// A request that may repair a broken object and keep the volume that a replacement would destroy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// RunPod reports that it can be started.
    Start,
    /// It runs without its GPU and may get one after a restart.
    StopAndStart,
}

/// Data that a change destroys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// `container disk`, `pod volume`, `network volume`, `environment not declared`.
    pub what: String,
    /// The individual parts lost, such as variables that no file declares. Names only, never values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    pub size_gb: Option<i64>,
    pub mount_path: Option<String>,
    /// Whether losing it needs explicit consent (pod volumes and network volumes do).
    pub precious: bool,
}

/// A consequence of a change that its fields do not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "side_effect", rename_all = "snake_case")]
pub enum SideEffect {
    /// The new object has a different value here, although this alone would not force the replacement: the attribute is
    /// ignored, or several values satisfy the configuration.
    Field { field: FieldChange },
    /// The pod is created running and then stopped, because RunPod cannot create a stopped pod. The boot needs stock
    /// and costs `hourly` while it lasts.
    Boots { hourly: Cost },
    /// These resources use the old value of a write-only attribute until they are started again.
    KeepsOldValue { users: Vec<Address> },
    /// The old object `id` stays until the last of these resources, and of the unmanaged objects in `others`, is
    /// recreated for another reason.
    KeepsOldObject { id: String, users: Vec<Address>, others: Vec<String> },
    /// `createBeforeDestroy` cannot be honoured, because `needs` is destroyed before its own successor exists.
    DestroyedFirst { needs: Address },
}

codes! {
    /// The code of a refusal in a plan.
    pub enum RefusalCode {
        Ambiguous,
        Budget,
        ImpossibleChange,
        ImpossibleCreate,
        Locked,
        /// A `moved` entry leads to an address that is taken.
        MoveBlocked,
        NotFound,
        PreventDestroy,
        /// The change would destroy data that the lifecycle protects.
        Protected,
    }
}

/// Why a plan must not be applied, and how to override or fix it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub code: RefusalCode,
    pub message: String,
    pub help: String,
    /// Position in the configuration, if there is one.
    pub position: Option<Position>,
}

/// The change of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    /// The id of the existing object.
    pub id: Option<String>,
    /// Differences between desired and observed. Empty for creates and deletes: see `before` or `after`.
    pub fields: Vec<FieldChange>,
    /// The object's current values of the attributes that sindri manages; empty if there is no object.
    pub before: Attributes,
    /// The desired attributes; empty if none are desired.
    pub after: Attributes,
    pub causes: Vec<Cause>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side_effects: Vec<SideEffect>,
    pub risk: Risk,
    pub losses: Vec<Loss>,
    /// Estimated cost of the object now and afterwards, including storage.
    pub hourly_before: Cost,
    pub hourly_after: Cost,
    /// The highest cost that the object can reach without another change, now and afterwards: the same, except for
    /// objects whose workers RunPod starts by itself.
    #[serde(default)]
    pub peak_before: Cost,
    #[serde(default)]
    pub peak_after: Cost,
    /// The alternative that `--updates in-place` offers to this replacement, as text.
    pub in_place_alternative: Option<String>,
    pub position: Option<Position>,
    /// A plan with any refusal cannot be applied.
    pub refusals: Vec<Refusal>,
}

impl Change {
    /// A change without fields, losses and costs.
    pub fn new(address: Address, action: Action, causes: Vec<Cause>) -> Self {
        Self {
            address,
            action,
            id: None,
            fields: Vec::new(),
            before: Attributes::new(),
            after: Attributes::new(),
            causes,
            side_effects: Vec::new(),
            risk: Risk::None,
            losses: Vec::new(),
            hourly_before: Cost::ZERO,
            hourly_after: Cost::ZERO,
            peak_before: Cost::ZERO,
            peak_after: Cost::ZERO,
            in_place_alternative: None,
            position: None,
            refusals: Vec::new(),
        }
    }

    /// Whether the old object of the replacement outlives the plan, because others use it.
    pub fn keeps_old_object(&self) -> bool {
        self.side_effects.iter().any(|effect| matches!(effect, SideEffect::KeepsOldObject { .. }))
    }

    /// Its losses that need explicit consent.
    pub fn precious(&self) -> impl Iterator<Item = (&Address, &Loss)> {
        self.losses.iter().filter(|loss| loss.precious).map(|loss| (&self.address, loss))
    }

    /// The highest cost afterwards, if it is higher than the estimate.
    pub fn peak(&self) -> Option<Cost> {
        self.peak_after.above(self.hourly_after)
    }

    /// All attributes that change. Those that change only because the object is replaced come last.
    pub fn all_fields(&self) -> impl Iterator<Item = &FieldChange> {
        let beside = self.side_effects.iter().filter_map(|effect| match effect {
            SideEffect::Field { field } => Some(field),
            SideEffect::Boots { .. }
            | SideEffect::KeepsOldValue { .. }
            | SideEffect::KeepsOldObject { .. }
            | SideEffect::DestroyedFirst { .. } => None,
        });
        self.fields.iter().chain(beside)
    }

    /// Like [`Self::all_fields`], but mutable.
    pub fn all_fields_mut(&mut self) -> impl Iterator<Item = &mut FieldChange> {
        let beside = self.side_effects.iter_mut().filter_map(|effect| match effect {
            SideEffect::Field { field } => Some(field),
            SideEffect::Boots { .. }
            | SideEffect::KeepsOldValue { .. }
            | SideEffect::KeepsOldObject { .. }
            | SideEffect::DestroyedFirst { .. } => None,
        });
        self.fields.iter_mut().chain(beside)
    }
}
