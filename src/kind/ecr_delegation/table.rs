//! The table of ECR delegations.

use super::words::describe;
use crate::kind::attribute::{Attribute, Compare, Support, attribute, replace};
use crate::kind::limits::{LONGEST_NAME, Limit, LimitSource, limit};
use crate::kind::{Kind, Pricing, Readiness, Recognition};
use crate::model::Dialect::V2;
use crate::model::{DriftClass, ProblemCode, Risk};

/// A permission to pull from an Amazon ECR repository. RunPod finds it by the image, so no pod holds its id.
///
/// Source: `CreateDelegationRequest` of RunPod's OpenAPI v2, which has no update.
pub static ECR_DELEGATION: Kind = Kind {
    name: "ecr_delegation",
    title: "ECR delegation",
    dialects: &[V2],
    attributes: ATTRIBUTES,
    always_listed: false,
    is_merged_into_users: false,
    chosen_drift: DriftClass::Migrated,
    own_changes: &[],
    limits: LIMITS,
    member_of: None,
    name_attribute: Some("name"),
    recognition: Recognition::Identity { attributes: &["name", "ecr"], words: "name and ARN" },
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
