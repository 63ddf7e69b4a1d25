//! `registries`: credentials of private container registries, and delegations to Amazon ECR.

mod reference;

pub(in crate::config) use reference::reference;
