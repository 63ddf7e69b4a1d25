//! A drift report: how reality left what was applied last, each finding with a name that is the same every night.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Address, Cost, Drift, DriftClass, FieldChange, Loss, Marker, Note, Power, Retry};

/// How much a finding matters. Ordered: later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, and no drift: alone it does not change an exit code.
    Information,
    /// Somebody has to settle it.
    Warning,
    /// Something that was applied is lost, or is paid for and of no use.
    Error,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What it takes to put back what was applied. Ordered: later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Nothing restarts.
    InPlace,
    /// The container is made anew where `updates` are `in-place`; otherwise the object is replaced.
    Restart,
    /// Only a new object can be as it was.
    Replace,
    /// Nothing can.
    Impossible,
}

/// Why an apply refuses to replace an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Locked at RunPod.
    Locked,
    /// It was applied with `lifecycle.preventDestroy`.
    PreventDestroy,
}

/// What something costs per hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    pub hourly: Cost,
    /// From the catalog, since RunPod says nothing of it.
    pub estimated: bool,
}

/// One thing that is not as it was last applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// See [`finding_id`].
    pub id: String,
    pub class: DriftClass,
    pub severity: Severity,
    /// Where it is recorded; of an orphan, or of another project's object, the address that it was made for.
    pub address: Option<Address>,
    pub kind: String,
    /// RunPod's id: the recorded one, as far as there is one.
    pub object_id: String,
    /// As RunPod shows it; `None` where the object is gone.
    pub name: Option<String>,
    /// RunPod's word, in those of [`super::Status`].
    pub status: Option<String>,
    /// What differs: `before` was applied, `after` is there now, the effect is that of undoing it.
    pub fields: Vec<FieldChange>,
    /// Data that is lost already.
    pub losses: Vec<Loss>,
    /// `lifecycle.ignoreChanges` named all that differs when it was last applied.
    pub ignored: bool,
    /// What keeps an apply from replacing it.
    pub holds: Vec<Hold>,
    /// Of one that is broken or not ready: what may bring it back.
    pub retry: Option<Retry>,
    /// Of what was changed, or has to be replaced.
    pub undo: Option<Undo>,
    /// Volumes that go with the object if it is replaced.
    pub at_risk: Vec<Loss>,
    /// What the object costs as it is now; `None` where it is gone.
    pub price: Option<Price>,
    /// Of a stopped one: RunPod took the machine back.
    pub preempted: bool,
    /// Of one that is not ready: it never was, as far as sindri has seen.
    pub never_ready: bool,
    /// Of one that is in no state of ours: who made it.
    pub marker: Option<Marker>,
    /// Of an orphan: what it was made for exists a second time, recorded and alive.
    pub twin: bool,
    /// Of an orphan: it was made from this very state, so that an apply takes it over without being told to.
    pub same_lineage: bool,
}

/// What cannot be told yet, since sindri itself is about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsettled {
    /// A request of an apply that runs, or that was interrupted, has no outcome yet.
    InFlight,
    /// Something was created so recently that lists may still lack it.
    Fresh,
}

/// Everything that was found. Made of state and lists alone: what a configuration says has no part in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftReport {
    /// The configuration's `name`.
    pub name: String,
    pub environment: String,
    pub lineage: String,
    pub api: String,
    /// [`super::State::digest`] of the state that reality was held against.
    pub prior_digest: String,
    /// How many recorded resources were looked at; ports count with their pods.
    pub checked: usize,
    /// The worst first, then by class and address.
    pub findings: Vec<Finding>,
    /// What several findings together may mean.
    pub notes: Vec<Note>,
    /// Addresses of which nothing is said.
    pub unsettled: BTreeMap<Address, Unsettled>,
    /// Whether objects that are not ours were asked for, too.
    pub with_unmanaged: bool,
}

impl DriftReport {
    /// Whether anything has to be settled: information alone is no drift.
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
    /// The id that it goes on under, of one that RunPod gave another.
    pub fn new_id(&self) -> Option<&str> {
        new_id(self.class, &self.fields)
    }
}

impl Finding {
    /// As [`Drift::new_id`].
    pub fn new_id(&self) -> Option<&str> {
        new_id(self.class, &self.fields)
    }
}

fn new_id(class: DriftClass, fields: &[FieldChange]) -> Option<&str> {
    let moved = (class == DriftClass::Moved).then_some(fields)?;
    moved.iter().find(|field| field.path == "id")?.after.as_text()
}

impl DriftClass {
    /// The power that was applied, and the one that is there, of what differs in that alone.
    pub fn powers(self) -> Option<[Power; 2]> {
        match self {
            Self::Stopped => Some([Power::Running, Power::Stopped]),
            Self::Started => Some([Power::Stopped, Power::Running]),
            Self::Gone | Self::Changed | Self::ZeroGpu | Self::Errored | Self::NotReady | Self::Moved => None,
            Self::Orphan | Self::Unmanaged => None,
        }
    }

    /// The word of tools: `zero-gpu`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::Stopped => "stopped",
            Self::Started => "started",
            Self::ZeroGpu => "zero-gpu",
            Self::Errored => "errored",
            Self::NotReady => "not-ready",
            Self::Moved => "moved",
            Self::Orphan => "orphan",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// Names a finding: 12 hex digits of a SHA-256 over what it is about and in what way, and over no value, time or cost. So it
/// is the same on any machine and every night until the finding is settled, and a finding that comes back is known again.
pub fn finding_id<'f>(
    (api, environment): (&str, &str),
    class: DriftClass,
    (kind, object_id, address): (&str, &str, Option<&Address>),
    paths: impl Iterator<Item = &'f str>,
) -> String {
    let paths: BTreeSet<&str> = paths.collect();
    // As JSON, so that no two lists of texts give the same bytes.
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
    fn a_finding_keeps_its_name_and_shares_it_with_no_other() {
        let known = id("prod", DriftClass::Changed, "5xpma", &["image", "env.A"]);
        // Written down: another version of sindri on another machine must say the same.
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
    fn the_words_of_classes_are_those_that_tools_read() {
        use DriftClass::{Changed, Errored, Gone, Moved, NotReady, Orphan, Started, Stopped, Unmanaged, ZeroGpu};
        for class in [Gone, Changed, Stopped, Started, ZeroGpu, Errored, NotReady, Moved, Orphan, Unmanaged] {
            assert_eq!(serde_json::json!(class), class.word());
        }
        assert_eq!(serde_json::json!(Severity::Information), Severity::Information.word());
    }
}
