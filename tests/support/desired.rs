//! Declared resources.

use std::collections::BTreeMap;

use sindri::model::{Address, Dialect, Resource};

use super::fleet::{Fleet, Pod};

/// The resources of a configuration.
pub type Desired = BTreeMap<Address, Resource>;

/// One pod, `pod.main`.
pub fn one(pod: Pod) -> Desired {
    Fleet::default().with_pod("main", pod).resources(Dialect::V2)
}
