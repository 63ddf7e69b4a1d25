//! The table of templates.

use super::attributes::ATTRIBUTES;
use super::words::describe;
use crate::kind::limits::{
    FROM_ONE, LONGEST_NAME, Limit, LimitRule, LimitSource, MOST_HTTP_PORTS, MOST_VARIABLES, limit,
};
use crate::kind::{Kind, Recognition};
use crate::model::Dialect::V2;
use crate::model::ProblemCode;

/// Container settings under a name. sindri merges them into the pods and endpoints that name the template.
pub static TEMPLATE: Kind = Kind {
    name: "template",
    title: "template",
    dialects: &[V2],
    attributes: ATTRIBUTES,
    is_merged_into_users: true,
    limits: LIMITS,
    // A marker has no place in a template: RunPod copies `env` into the pods made from it, and no other text is free.
    // Names of templates are unique in an account.
    recognition: Recognition::Identity { attributes: &["name"], words: "name" },
    describe,
    ..Kind::PLAIN
};

const LIMITS: &[Limit] = &[
    created("name", "name", LONGEST_NAME, ProblemCode::NameLength),
    created("container_disk_gb", "disk", FROM_ONE, ProblemCode::DiskSize),
    created("volume_gb", "mounts/persistent/size", LimitRule::WholeOrNone { min: 10 }, ProblemCode::VolumeSize),
    created("cuda_versions", "allowedCudaVersions[]", LimitRule::Versions, ProblemCode::BadVersion),
    paged(
        "env",
        LimitRule::Entries { max: MOST_VARIABLES },
        ProblemCode::TooManyVariables,
        "RunPod's page on environment variables",
    ),
    paged(
        "ports",
        LimitRule::Ports { protocol: "http", max: MOST_HTTP_PORTS },
        ProblemCode::TooManyPorts,
        "RunPod's console",
    ),
];

/// A limit from the schema of the create request.
const fn created(attribute: &'static str, member: &'static str, rule: LimitRule, code: ProblemCode) -> Limit {
    limit(V2, attribute, rule, code, LimitSource::Schema("CreateTemplateRequest", member))
}

const fn paged(attribute: &'static str, rule: LimitRule, code: ProblemCode, page: &'static str) -> Limit {
    limit(V2, attribute, rule, code, LimitSource::Page(page))
}
