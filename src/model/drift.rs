//! The drift report: how reality differs from the last apply. Each finding has a stable name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Address, Cost, Drift, DriftClass, FieldChange, Loss, Marker, Note, Power, Retry};

/// How much a finding matters. Ordered: later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Informational only; does not affect the exit code.
    Information,
    /// Needs a decision.
    Warning,
    /// Something that was applied is lost, or is billed but unusable.
    Error,
}

/// The effect of restoring what was applied. Ordered: later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreEffect {
    /// Nothing restarts.
    InPlace,
    /// RunPod exchanges the workers; see [`super::Effect::Rollout`].
    Rollout,
    /// The container is recreated if `updates` is `in-place`; otherwise the object is replaced.
    Restart,
    /// Restoring it needs a new object.
    Replace,
    /// It cannot be restored.
    Impossible,
}

/// Why apply refuses to replace an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Locked at RunPod.
    Locked,
    /// It was applied with `lifecycle.preventDestroy`.
    PreventDestroy,
}

/// Hourly cost of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    pub hourly: Cost,
    /// Taken from the catalog, because RunPod reports no price.
    pub estimated: bool,
}

/// One difference from the last apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// See [`finding_id`].
    pub id: String,
    pub class: DriftClass,
    pub severity: Severity,
    /// The recorded address. For an orphan or another project's object, the address in its marker.
    pub address: Option<Address>,
    pub kind: String,
    /// RunPod's id; the recorded one if there is a record.
    pub object_id: String,
    /// The name at RunPod; `None` if the object is gone.
    pub name: Option<String>,
    /// RunPod's status, as displayed by [`super::Status`].
    pub status: Option<String>,
    /// Differences: `before` was applied, `after` is observed, and the effect is that of undoing the difference.
    pub fields: Vec<FieldChange>,
    /// Data that is already lost.
    pub losses: Vec<Loss>,
    /// All differing attributes were in `lifecycle.ignoreChanges` at the last apply.
    pub ignored: bool,
    /// Reasons why apply would refuse to replace it.
    pub holds: Vec<Hold>,
    /// For a broken object, or one that is not ready: a request that may repair it.
    pub retry: Option<Retry>,
    /// Effect of undoing the difference, if the object was changed or needs a replacement.
    pub undo: Option<RestoreEffect>,
    /// Volumes that a replacement would destroy.
    pub at_risk: Vec<Loss>,
    /// Current cost of the object; `None` if it is gone.
    pub price: Option<Price>,
    /// For a stopped object: RunPod reclaimed the machine.
    pub preempted: bool,
    /// For an object that is not ready: sindri has never seen it ready.
    pub never_ready: bool,
    /// For an object that is not in our state: the marker that names its creator.
    pub marker: Option<Marker>,
    /// For an orphan: the object recorded for its address is also alive.
    pub recorded_is_live: bool,
    /// For an orphan: it was created from this state, so apply adopts it without a flag.
    pub same_lineage: bool,
}

/// Why sindri cannot report on an address yet: its own requests are still in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsettled {
    /// A request of a running or interrupted apply has no outcome yet.
    InFlight,
    /// The object was created so recently that lists may not show it yet.
    Fresh,
}

/// All findings. Based only on the state and API lists; the configuration plays no part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftReport {
    /// The configuration's `name`.
    pub name: String,
    pub environment: String,
    pub lineage: String,
    pub api: String,
    /// [`super::State::digest`] of the state that was compared.
    pub prior_digest: String,
    /// Number of recorded resources checked; ports count with their pods.
    pub checked: usize,
    /// Sorted by severity, worst first, then by class and address.
    pub findings: Vec<Finding>,
    /// Possible explanations of several findings together.
    pub notes: Vec<Note>,
    /// Addresses that the report leaves out.
    pub unsettled: BTreeMap<Address, Unsettled>,
    /// Whether the user also asked for unmanaged objects.
    pub with_unmanaged: bool,
}

impl DriftReport {
    /// Whether anything needs a decision. Informational findings are not drift.
    pub fn drifted(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity > Severity::Information)
    }

    pub fn counts(&self) -> BTreeMap<DriftClass, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.class).or_insert(0) += 1;
        }
        counts
    }
}

impl Drift {
    /// The new id, if RunPod migrated the object to another id.
    pub fn new_id(&self) -> Option<&str> {
        new_id(self.class, &self.fields)
    }
}

impl Finding {
    /// See [`Drift::new_id`].
    pub fn new_id(&self) -> Option<&str> {
        new_id(self.class, &self.fields)
    }
}

fn new_id(class: DriftClass, fields: &[FieldChange]) -> Option<&str> {
    let migrated = (class == DriftClass::Migrated).then_some(fields)?;
    migrated.iter().find(|field| field.path == "id")?.after.as_text()
}

impl DriftClass {
    /// The applied and the observed power, if only the power differs.
    pub fn powers(self) -> Option<[Power; 2]> {
        match self {
            Self::Stopped => Some([Power::Running, Power::Stopped]),
            Self::Started => Some([Power::Stopped, Power::Running]),
            Self::Gone | Self::Changed | Self::ZeroGpu | Self::Errored | Self::NotReady | Self::Migrated => None,
            Self::Rotated | Self::ScaledDown => None,
            Self::Orphan | Self::Unmanaged => None,
        }
    }

    /// The identifier in machine-readable output: `zero-gpu`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::Stopped => "stopped",
            Self::Started => "started",
            Self::ZeroGpu => "zero-gpu",
            Self::Errored => "errored",
            Self::NotReady => "not-ready",
            Self::Migrated => "moved",
            Self::Rotated => "rotated",
            Self::ScaledDown => "scaled-down",
            Self::Orphan => "orphan",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// Names a finding with 12 hex digits of a SHA-256 over its subject and the kind of difference, excluding values, times
/// and costs. The name is therefore the same on every machine and in every run until the finding is resolved, and a
/// recurring finding gets the same name.
pub fn finding_id<'f>(
    (api, environment): (&str, &str),
    class: DriftClass,
    (kind, object_id, address): (&str, &str, Option<&Address>),
    paths: impl Iterator<Item = &'f str>,
) -> String {
    let paths: BTreeSet<&str> = paths.collect();
    // Serialised as JSON, so that different lists of strings never produce the same bytes.
    let facts = serde_json::to_vec(&(api, environment, class, kind, object_id, address, paths)).unwrap_or_default();
    Sha256::digest(facts).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(environment: &str, class: DriftClass, object: &str, paths: &[&str]) -> String {
        let address = "pod.trainer[3]".parse().ok();
        finding_id(("runpod", environment), class, ("pod", object, address.as_ref()), paths.iter().copied())
    }

    #[test]
    fn finding_ids_are_stable_and_unique() {
        let known = id("prod", DriftClass::Changed, "5xpma", &["image", "env.A"]);
        // Hard-coded, because every version of sindri on every machine must compute the same id.
        assert_eq!(known, "43b14d6955d8");
        assert_eq!(known, id("prod", DriftClass::Changed, "5xpma", &["env.A", "image"]));
        for other in [
            id("test", DriftClass::Changed, "5xpma", &["image", "env.A"]),
            id("prod", DriftClass::Stopped, "5xpma", &["image", "env.A"]),
            id("prod", DriftClass::Changed, "5xpmb", &["image", "env.A"]),
            id("prod", DriftClass::Changed, "5xpma", &["image"]),
            id("prod", DriftClass::Changed, "5xpma", &["image\",\"env.A"]),
        ] {
            assert_ne!(known, other);
        }
    }

    #[test]
    fn drift_classes_have_stable_identifiers() {
        use DriftClass::{Changed, Errored, Gone, Migrated, NotReady, Orphan, Started, Stopped, Unmanaged, ZeroGpu};
        for class in [Gone, Changed, Stopped, Started, ZeroGpu, Errored, NotReady, Migrated, Orphan, Unmanaged] {
            assert_eq!(serde_json::json!(class), class.word());
        }
        assert_eq!(serde_json::json!(Severity::Information), "information");
    }
}
