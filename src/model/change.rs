//! Changes of a plan: what happens to one address, why, and what is lost by it.

use serde::{Deserialize, Serialize};

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
    /// RunPod recreates the container: it wipes the container disk and keeps the pod volume.
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
    Boots { hourly: Cost },
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

/// The change of one address.
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
    pub hourly_before: Cost,
    pub hourly_after: Cost,
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
