//! The table of secrets.

use super::words::describe;
use crate::kind::attribute::{Attribute, Compare, Support, attribute, in_place, replace};
use crate::kind::limits::{Limit, LimitRule, LimitSource, limit};
use crate::kind::{Kind, Pricing, Readiness, Recognition};
use crate::model::Dialect::V2;
use crate::model::{DriftClass, ProblemCode, Risk};

/// A value in RunPod's store. RunPod never returns it, so a counter in the file says when to send it again.
///
/// Source: `UpdateSecretRequest` of RunPod's OpenAPI v2: the value and the description can be changed. The description
/// carries sindri's marker.
pub static SECRET: Kind = Kind {
    name: "secret",
    title: "secret",
    dialects: &[V2],
    attributes: ATTRIBUTES,
    always_listed: false,
    is_merged_into_users: false,
    chosen_drift: DriftClass::Rotated,
    own_changes: &[],
    limits: LIMITS,
    member_of: None,
    name_attribute: Some("name"),
    recognition: Recognition::Marker,
    readiness: Readiness::Existing,
    delay: None,
    has_container: false,
    has_capacity: false,
    not_in_catalog: &[],
    disk_attributes: &[],
    protection: None,
    lock_attribute: None,
    spot_attribute: None,
    budget_weight: 0,
    ends_at_zero_balance: false,
    creates_first: true,
    losses: |_| Vec::new(),
    precious_risk: |_| Risk::None,
    stop_risk: Risk::None,
    pricing: Pricing::FREE,
    describe,
};

const ATTRIBUTES: &[Attribute] = &[
    Attribute { unique: true, ..attribute("name", Compare::Exact, replace, "RunPod cannot rename a secret", ONLY_V2) },
    attribute("value", Compare::WriteOnly, in_place, "a new version writes the value again", ONLY_V2),
    attribute("version", Compare::Version, in_place, "a new version writes the value again", ONLY_V2),
    attribute("description", Compare::WhenSet, in_place, "a description is changed in place", ONLY_V2),
];

const ONLY_V2: (Support, Support) = (
    Support::No { reason: "REST v1 has no account secrets", help: "use `apiVersion: v2`, or remove `store: runpod`" },
    Support::Yes,
);

const LIMITS: &[Limit] = &[
    created("name", LimitRule::Length { min: 1, max: 191 }, ProblemCode::NameLength),
    created("description", LimitRule::Length { min: 0, max: LONGEST_DESCRIPTION }, ProblemCode::OutOfRange),
];

/// In characters. RunPod accepts 65535; the rest is for the marker.
const LONGEST_DESCRIPTION: usize = 64_000;

/// A limit from the schema of REST v2's create request.
const fn created(attribute: &'static str, rule: LimitRule, code: ProblemCode) -> Limit {
    limit(V2, attribute, rule, code, LimitSource::Schema("CreateSecretRequest", attribute))
}
