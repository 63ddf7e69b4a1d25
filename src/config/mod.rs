//! Files, overlays and the environment become a [`Config`], or all problems at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::{Address, Budget, Dialect, Position, Resource};

/// A configuration that passed every check: what the rest of the engine reads.
#[derive(Debug)]
pub struct Config {
    /// `name` of the file.
    pub name: String,
    /// `default`, or what `-e` selected.
    pub environment: String,
    pub dialect: Dialect,
    /// Volumes, pods and ports, by address. Members (ports) name their parent.
    pub resources: BTreeMap<Address, Resource>,
    pub moved: Vec<Move>,
    pub budget: Budget,
    /// Not wrong, but worth saying: fields without effect, values that RunPod may refuse.
    pub warnings: Vec<miette::Report>,
    /// The folder of the base file; `state/` is looked for here.
    pub directory: PathBuf,
    /// The base file.
    pub file: PathBuf,
}

/// `moved: [{from, to}]`: a resource that goes on under another address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: Address,
    pub to: Address,
    pub position: Option<Position>,
}
