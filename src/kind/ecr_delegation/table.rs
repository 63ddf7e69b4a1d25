//! The table of ECR delegations.

use super::words::describe;
use crate::kind::attribute::{Attribute, Compare, Support, attribute, replace};
use crate::kind::limits::{LONGEST_NAME, Limit, LimitSource, limit};
use crate::kind::{Kind, Recognition};
use crate::model::Dialect::V2;
use crate::model::ProblemCode;

/// A permission to pull from an Amazon ECR repository. RunPod finds it by the image, so no pod holds its id.
///
/// Source: `CreateDelegationRequest` of RunPod's OpenAPI v2, which has no update.
pub static ECR_DELEGATION: Kind = Kind {
    name: "ecr_delegation",
    title: "ECR delegation",
    dialects: &[V2],
    attributes: ATTRIBUTES,
    limits: LIMITS,
    recognition: Recognition::Identity { attributes: &["name", "ecr"], words: "name and ARN" },
    creates_first: true,
    describe,
    ..Kind::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("name", Compare::Exact, replace, "RunPod cannot rename an ECR delegation", ONLY_V2),
    attribute("ecr", Compare::Exact, replace, "RunPod cannot change an ECR delegation", ONLY_V2),
];

const ONLY_V2: (Support, Support) = (
    Support::No { reason: "REST v1 has no ECR delegations", help: "use `apiVersion: v2`, or remove the delegation" },
    Support::Yes,
);

const LIMITS: &[Limit] = &[limit(
    V2,
    "name",
    LONGEST_NAME,
    ProblemCode::NameLength,
    LimitSource::Page("same as the name of a registry credential"),
)];
