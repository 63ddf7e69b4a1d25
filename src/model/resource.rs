//! Declared resources: inputs, lifecycle rules and source positions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Attributes, Money};

/// A position in a configuration file, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// A dialect: one version of RunPod's REST API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `https://rest.runpod.io/v1`, retired on 2026-11-15.
    V1,
    /// `https://api.runpod.io/v2`.
    #[default]
    V2,
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

/// How to apply a change that RunPod could make to the running pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Updates {
    /// Replace the pod whenever a change affects its definition.
    #[default]
    Recreate,
    /// PATCH wherever the API supports it.
    InPlace,
}

/// Lifecycle rules of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    pub updates: Updates,
    pub create_before_destroy: bool,
    pub prevent_destroy: bool,
    /// Attribute paths (`image`, `env.FOO`) to ignore in comparisons.
    pub ignore_changes: BTreeSet<String>,
}

/// Whether a stoppable resource should be, or is, running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    #[default]
    Running,
    Stopped,
}

/// Maximum time an operation waits for its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the response to a create, start or restart until the resource is ready.
    pub create: Duration,
    /// From the response to a delete until the resource disappears from the lists.
    pub delete: Duration,
    /// From the response to an update until its release has reached all workers; `None` if nothing waits for it.
    pub rollout: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        // 20 min is a sane ceiling for a first image pull; a deleted pod stayed listed for 80 s (contract, 12 and 13).
        Self { create: Duration::from_secs(20 * 60), delete: Duration::from_secs(3 * 60), rollout: None }
    }
}

/// One declared resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub address: Address,
    /// Keyed by attribute name; contains every attribute of the kind's table (`Null` if not set).
    pub inputs: Attributes,
    /// The resource whose request also creates this one: the pod of a port.
    pub parent: Option<Address>,
    /// Resources that must exist first although no attribute holds their id: a secret that `env` names, or a template
    /// whose fields are among the inputs.
    pub needs: BTreeSet<Address>,
    /// `None` for kinds that cannot be stopped.
    pub power: Option<Power>,
    pub lifecycle: Lifecycle,
    pub timeouts: Timeouts,
    /// Where the resource is declared.
    pub position: Option<Position>,
    /// Positions of individual attributes: `image`, `env.LOG_LEVEL`. Defaults have none.
    pub positions: BTreeMap<String, Position>,
}

impl Resource {
    /// The power that the file sets; `None` if it does not.
    pub fn declared_power(&self) -> Option<Power> {
        self.power.filter(|_| self.positions.contains_key("power"))
    }
}

/// Limits on a plan (exit code 6 if exceeded).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub max_hourly: Option<Money>,
    /// Limit on the cost that RunPod can reach by itself when it starts workers.
    pub max_hourly_peak: Option<Money>,
    pub max_pods: Option<u32>,
}
