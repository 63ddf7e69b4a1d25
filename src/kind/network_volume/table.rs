//! The table of network volumes.

use super::price::PRICING;
use super::words::{describe, losses};
use crate::kind::attribute::{Attribute, BOTH, Compare, Support, attribute, in_place, replace};
use crate::kind::limits::{LONGEST_NAME, Limit, LimitRule, LimitSource, NOT_EMPTY, limit};
use crate::kind::{Kind, Protection, Recognition};
use crate::model::Dialect::{V1, V2};
use crate::model::{Effect, ProblemCode, Risk, Value};

/// A disk that outlives the pods that mount it.
///
/// Source: `UpdateNetworkVolumeRequest` of RunPod's OpenAPI v2: only `name` and `size` can be patched, and `size` only
/// grows.
pub static NETWORK_VOLUME: Kind = Kind {
    name: "network_volume",
    title: "network volume",
    dialects: &[V1, V2],
    attributes: ATTRIBUTES,
    always_listed: true,
    limits: LIMITS,
    recognition: Recognition::Identity { attributes: &["name", "size_gb", "region"], words: "name, size and location" },
    disk_attributes: &["size_gb"],
    protection: Some(Protection {
        flag: "--include-volumes",
        help: "Also delete network volumes and their data",
        holds: "data",
    }),
    creates_first: true,
    losses,
    precious_risk: |_| Risk::VolumeLoss,
    pricing: PRICING,
    describe,
    ..Kind::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    attribute("name", Compare::Exact, in_place, "a network volume is renamed in place", BOTH),
    attribute("size_gb", Compare::Exact, grow_only, "a network volume grows in place and never shrinks", BOTH),
    attribute("region", Compare::Exact, replace, "RunPod cannot move a network volume to another data center", BOTH),
    attribute(
        "tier",
        Compare::WhenSet,
        replace,
        "RunPod cannot change the tier of a network volume",
        (NO_TIER, Support::Yes),
    ),
];

const NO_TIER: Support =
    Support::No { reason: "REST v1 has no tiers of network volumes", help: "remove `tier`, or use `apiVersion: v2`" };

const LIMITS: &[Limit] = &[
    created("name", "name", LONGEST_NAME, ProblemCode::NameLength),
    created("region", "dataCenter", NOT_EMPTY, ProblemCode::EmptyId),
    created("size_gb", "size", LimitRule::Whole { min: 10, max: 4096 }, ProblemCode::VolumeSize),
    limit(V1, "name", LONGEST_NAME, ProblemCode::NameLength, LimitSource::Page("same as the name of a pod")),
    limit(
        V1,
        "size_gb",
        // The document allows 0; 1 GB is the smallest size reported to work.
        LimitRule::Whole { min: 1, max: 4000 },
        ProblemCode::VolumeSize,
        LimitSource::Schema("NetworkVolumeCreateInput", "size"),
    ),
];

/// A limit from the schema of REST v2's create request.
const fn created(attribute: &'static str, member: &'static str, rule: LimitRule, code: ProblemCode) -> Limit {
    limit(V2, attribute, rule, code, LimitSource::Schema("CreateNetworkVolumeRequest", member))
}

fn grow_only(before: &Value, after: &Value) -> Result<Effect, &'static str> {
    match (before.as_int(), after.as_int()) {
        (Some(before), Some(after)) if after < before => {
            Err("RunPod can enlarge a network volume but never shrink it; a smaller copy would lose data")
        }
        _ => Ok(Effect::InPlace),
    }
}
