//! Dialect v2: nested bodies, few defaults, problem documents (contract, sections 3 to 7).

pub mod answer;
mod catalog;
mod container;
mod delegations;
mod endpoint_bodies;
mod endpoint_jobs;
mod endpoint_spec;
mod endpoint_view;
pub mod endpoints;
mod errors;
pub mod kinds;
mod openapi;
mod page;
mod pod_bodies;
mod pod_logs;
mod pod_view;
pub mod pods;
mod registries;
pub mod secrets;
mod ssh_keys;
mod template_use;
mod templates;
mod volumes;
