//! What the configuration declares: a resource with its inputs, its rules of life and the places it was written at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Attributes, Money};

/// A place in a configuration file, counted from 1.
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

/// One dialect of RunPod's REST API.
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

/// How a change that RunPod could apply to the living pod is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Updates {
    /// Replace the pod whenever a change touches what it is.
    #[default]
    Recreate,
    /// PATCH wherever the API can.
    InPlace,
}

/// Rules of life of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    pub updates: Updates,
    pub create_before_destroy: bool,
    pub prevent_destroy: bool,
    /// Attribute paths (`image`, `env.FOO`) that are never compared.
    pub ignore_changes: BTreeSet<String>,
}

/// Whether a resource that can be stopped is wanted, or seen, running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    #[default]
    Running,
    Stopped,
}

/// How long operations may wait for their resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the answer of a create, start or restart until the resource is ready for use.
    pub create: Duration,
    /// From the answer of a delete until the resource is gone from the lists.
    pub delete: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        // 20 min is a sane ceiling for a first image pull; a deleted pod was seen listed for 80 s (contract, 12 and 13).
        Self { create: Duration::from_secs(20 * 60), delete: Duration::from_secs(3 * 60) }
    }
}

/// One declared resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub address: Address,
    /// By attribute name of the kind's table; every attribute of the table is present (`Null` where not set).
    pub inputs: Attributes,
    /// The resource that this one is a part of, whose request creates it too: the pod of a port.
    pub parent: Option<Address>,
    /// `None` for kinds that cannot be stopped.
    pub power: Option<Power>,
    pub lifecycle: Lifecycle,
    pub timeouts: Timeouts,
    /// Where the resource is declared.
    pub position: Option<Position>,
    /// Where single attributes are written: `image`, `env.LOG_LEVEL`; absent ones come from a default.
    pub positions: BTreeMap<String, Position>,
}

impl Resource {
    /// The power that the file asks for; `None` where the file leaves it open.
    pub fn declared_power(&self) -> Option<Power> {
        self.power.filter(|_| self.positions.contains_key("power"))
    }
}

/// Limits that a plan must keep (exit code 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub max_hourly: Option<Money>,
    pub max_pods: Option<u32>,
}
