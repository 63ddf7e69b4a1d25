//! The table of registry credentials.

use super::words::describe;
use crate::kind::attribute::{Attribute, Compare, Support, attribute, replace};
use crate::kind::limits::{LONGEST_NAME, Limit, LimitRule, LimitSource, NOT_EMPTY, limit};
use crate::kind::{Kind, Recognition};
use crate::model::Dialect::V2;
use crate::model::{DriftClass, ProblemCode};

/// The credentials of a private container registry. RunPod returns only the id and the name, and cannot change them, so
/// a new password is a new object.
///
/// Source: `CreateRegistryRequest` of RunPod's OpenAPI v2, which has no update. A name is unique in an account.
pub static REGISTRY: Kind = Kind {
    name: "registry",
    title: "registry credential",
    dialects: &[V2],
    attributes: ATTRIBUTES,
    chosen_drift: DriftClass::Rotated,
    limits: LIMITS,
    recognition: Recognition::Identity { attributes: &["name"], words: "name" },
    // Source: dstack waits this long for changed credentials.
    delay: Some("hosts of RunPod may need about 5 minutes to see a new one; pods that start earlier may fail to pull"),
    creates_first: true,
    describe,
    ..Kind::PLAIN
};

const ATTRIBUTES: &[Attribute] = &[
    Attribute {
        unique: true,
        ..attribute("name", Compare::Exact, replace, "RunPod cannot rename a registry credential", ONLY_V2)
    },
    attribute("username", Compare::WriteOnly, replace, IMMUTABLE, ONLY_V2),
    attribute("password", Compare::WriteOnly, replace, IMMUTABLE, ONLY_V2),
    attribute("version", Compare::Version, replace, IMMUTABLE, ONLY_V2),
];

const IMMUTABLE: &str = "RunPod cannot change a registry credential, so a new version is a new one";

const ONLY_V2: (Support, Support) = (
    Support::No {
        reason: "sindri manages registry credentials on REST v2 only",
        help: "use `apiVersion: v2`, or name an existing credential with `registryAuth`",
    },
    Support::Yes,
);

const LIMITS: &[Limit] = &[
    limit(V2, "name", LONGEST_NAME, ProblemCode::NameLength, LimitSource::Schema("CreateRegistryRequest", "name")),
    created("username", NOT_EMPTY, ProblemCode::EmptyId),
    created("password", NOT_EMPTY, ProblemCode::EmptyId),
];

/// A limit from the schema of REST v2's create request.
const fn created(attribute: &'static str, rule: LimitRule, code: ProblemCode) -> Limit {
    limit(V2, attribute, rule, code, LimitSource::Schema("CreateRegistryRequest", attribute))
}
