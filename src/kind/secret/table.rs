//! The table of secrets.

use super::words::describe;
use crate::kind::attribute::{Attribute, Compare, Support, attribute, in_place, replace};
use crate::kind::limits::{Limit, LimitRule, LimitSource, limit};
use crate::kind::{Kind, Recognition};
use crate::model::Dialect::V2;
use crate::model::{DriftClass, ProblemCode};

/// A value in RunPod's store. RunPod never returns it, so a counter in the file says when to send it again.
///
/// Source: `UpdateSecretRequest` of RunPod's OpenAPI v2: the value and the description can be changed. The description
/// carries sindri's marker.
pub static SECRET: Kind = Kind {
    name: "secret",
    title: "secret",
    dialects: &[V2],
    attributes: ATTRIBUTES,
    chosen_drift: DriftClass::Rotated,
    limits: LIMITS,
    recognition: Recognition::Marker,
    creates_first: true,
    describe,
    ..Kind::PLAIN
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
