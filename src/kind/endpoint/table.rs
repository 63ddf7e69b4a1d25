//! The table of endpoints.

use super::attributes::ATTRIBUTES;
use super::price::PRICING;
use super::words::{describe, losses, precious_risk};
use crate::kind::limits::{FROM_ONE, LONGEST_NAME, Limit, LimitRule, LimitSource, MOST_VARIABLES, NOT_EMPTY, limit};
use crate::kind::{Kind, OwnChange, Protection, Recognition};
use crate::model::Dialect::V2;
use crate::model::{DriftClass, ProblemCode, Value};

/// Workers behind one address, which RunPod starts and ends with the number of requests.
///
/// An endpoint accepts requests as soon as it exists, even without a worker. Source: `createEndpoint` of OpenAPI v2.
pub static ENDPOINT: Kind = Kind {
    name: "endpoint",
    title: "endpoint",
    dialects: &[V2],
    attributes: ATTRIBUTES,
    own_changes: &[OwnChange { attribute: "workers_max", matches: scaled_down, class: DriftClass::ScaledDown }],
    limits: LIMITS,
    recognition: Recognition::Marker,
    // Its workers have containers, which come and go.
    protection: Some(Protection {
        flag: "--include-endpoints",
        help: "Also delete endpoints, with their addresses and jobs",
        holds: "address and jobs",
    }),
    // RunPod may refuse a second endpoint of the same name.
    losses,
    precious_risk,
    pricing: PRICING,
    describe,
    ..Kind::PLAIN
};

/// RunPod lowers the maximum to 2 after three days without a request and to 0 after seven, and leaves it there. Source:
/// RunPod's page on endpoint settings.
fn scaled_down(before: &Value, after: &Value) -> bool {
    match (before.as_int(), after.as_int()) {
        (Some(before), Some(after)) => after < before && matches!(after, 0 | 2),
        _ => false,
    }
}

const LIMITS: &[Limit] = &[
    created("name", "name", LONGEST_NAME, ProblemCode::NameLength),
    created("gpu_count", "gpu/count", FROM_ONE, ProblemCode::GpuCount),
    created("cuda_versions", "gpu/allowedCudaVersions[]", LimitRule::Versions, ProblemCode::BadVersion),
    created("min_cuda_version", "gpu/minCudaVersion", LimitRule::Versions, ProblemCode::BadVersion),
    created("container_disk_gb", "disk", FROM_ONE, ProblemCode::DiskSize),
    created("workers_min", "workers/min", FROM_ZERO, ProblemCode::WorkerCount),
    created("workers_max", "workers/max", FROM_ZERO, ProblemCode::WorkerCount),
    created(
        "idle_timeout_seconds",
        "workers/idleTimeout",
        LimitRule::Whole { min: 1, max: 3600 },
        ProblemCode::IdleTimeout,
    ),
    created("template", "templateId", NOT_EMPTY, ProblemCode::EmptyId),
    limit(
        V2,
        "queue_delay_ms",
        LimitRule::Whole { min: 500, max: i64::MAX },
        ProblemCode::Scaling,
        LimitSource::Page("`queueDelay` of `QueueDelayScaling`, in seconds"),
    ),
    limit(
        V2,
        "request_count",
        FROM_ONE,
        ProblemCode::Scaling,
        LimitSource::Page("`requestCount` of `RequestCountScaling`"),
    ),
    limit(
        V2,
        "env",
        LimitRule::Entries { max: MOST_VARIABLES },
        ProblemCode::TooManyVariables,
        LimitSource::Page("RunPod's page on environment variables"),
    ),
];

const FROM_ZERO: LimitRule = LimitRule::Whole { min: 0, max: i64::MAX };

/// A limit from the schema of the create request.
const fn created(attribute: &'static str, member: &'static str, rule: LimitRule, code: ProblemCode) -> Limit {
    limit(V2, attribute, rule, code, LimitSource::Schema("CreateEndpointRequest", member))
}
