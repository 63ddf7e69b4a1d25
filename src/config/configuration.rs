//! A configuration that passed every check: what the rest of the engine reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::files::Boundary;
use crate::model::{Address, Budget, Dialect, Position, Resource};

/// A configuration that passed every check, as the rest of the engine uses it.
#[derive(Debug)]
pub struct Config {
    /// The file's `name`.
    pub name: String,
    /// `default`, or the environment selected with `-e`.
    pub environment: String,
    pub dialect: Dialect,
    /// Volumes, pods and ports, by address. Members (ports) refer to their parent.
    pub resources: BTreeMap<Address, Resource>,
    pub moved: Vec<Move>,
    pub budget: Budget,
    /// Warnings, such as fields without effect or values that RunPod may refuse. Each is a [`Problem`], for
    /// `downcast_ref`.
    pub warnings: Vec<miette::Report>,
    /// The folder of the base file, which also contains `state/`.
    pub directory: PathBuf,
    /// The boundary for the files of the project.
    pub boundary: Boundary,
    /// The base file.
    pub file: PathBuf,
    /// The environments defined by the files: those of the overlays, or `default`.
    pub environments: BTreeSet<String>,
}

/// An entry of `moved: [{from, to}]`: a resource, or all replicas of a key, changes its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: Address,
    pub to: Address,
    pub position: Option<Position>,
}

impl Move {
    /// The new address of `address`, if this entry moves it. Replicas keep their numbers.
    pub fn target(&self, address: &Address) -> Option<Address> {
        let Self { from, to, .. } = self;
        if address == from {
            return Some(to.clone());
        }
        let replica =
            self.is_of_keys() && address.index.is_some() && Address { index: None, ..address.clone() } == *from;
        replica.then(|| Address { index: address.index, ..to.clone() })
    }

    /// Whether both ends are keys without a number, which refer to all of their replicas.
    pub fn is_of_keys(&self) -> bool {
        self.from.index.is_none() && self.to.index.is_none()
    }
}
