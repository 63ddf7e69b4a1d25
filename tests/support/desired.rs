//! Declared resources.

use std::collections::BTreeMap;

use sindri::model::{Address, Dialect, Resource};

use super::fleet::{Fleet, Pod};

/// The resources of a configuration.
pub type Desired = BTreeMap<Address, Resource>;

/// One pod, `pod.main`, for REST v2.
pub fn one(pod: Pod) -> Desired {
    one_in(pod, Dialect::V2)
}

/// One pod, `pod.main`.
pub fn one_in(pod: Pod, dialect: Dialect) -> Desired {
    Fleet::default().with_pod("main", pod).resources(dialect)
}
