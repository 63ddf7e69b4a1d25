//! What RunPod's schemas and documents allow an attribute to be, as a table.
//!
//! The configuration checks it, so that no request is refused for a number or a length after something was destroyed for it.
//! `tests/contract_client.rs` holds the table against RunPod's OpenAPI documents, in both directions.

use crate::model::{Dialect, Value};

/// One limit of one attribute.
#[derive(Debug)]
pub struct Limit {
    pub kind: &'static str,
    pub attribute: &'static str,
    pub dialect: Dialect,
    pub rule: Rule,
    /// Stable code of the problem.
    pub code: &'static str,
    pub source: Source,
}

/// What is allowed, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A whole number.
    Whole { min: i64, max: i64 },
    /// A whole number, or zero for none, which is then not sent.
    WholeOrNone { min: i64 },
    /// Characters of a text.
    Length { min: usize, max: usize },
    /// Each text of a list is `major.minor`.
    Versions,
    /// Entries of a map or a list.
    Entries { max: usize },
    /// Entries of a list of ports with this protocol.
    Ports { protocol: &'static str, max: usize },
}

/// Where the limit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A member of a schema in the dialect's OpenAPI document: `CreatePodRequest`, `gpu/count`.
    Schema(&'static str, &'static str),
    /// Another page of RunPod's documentation, or what was observed.
    Page(&'static str),
}

/// Largest JSON body of a v2 request, in bytes. Source: RunPod's page on errors of REST v2 (`413`).
pub const V2_BODY_LIMIT: usize = 102_400;
/// Environment variables of a pod, sindri's marker included. Source: RunPod's page on environment variables.
pub const MOST_VARIABLES: usize = 50;
/// HTTP ports of a pod. Source: RunPod's console.
pub const MOST_HTTP_PORTS: usize = 10;

const fn limit(
    dialect: Dialect,
    kind: &'static str,
    attribute: &'static str,
    rule: Rule,
    code: &'static str,
    source: Source,
) -> Limit {
    Limit { kind, attribute, dialect, rule, code, source }
}

/// Limits of one pod attribute on REST v2, from the schema of its create request.
const fn pod(attribute: &'static str, member: &'static str, rule: Rule, code: &'static str) -> Limit {
    limit(Dialect::V2, "pod", attribute, rule, code, Source::Schema("CreatePodRequest", member))
}

/// The same of a network volume.
const fn volume(attribute: &'static str, member: &'static str, rule: Rule, code: &'static str) -> Limit {
    limit(Dialect::V2, "network_volume", attribute, rule, code, Source::Schema("CreateNetworkVolumeRequest", member))
}

const FROM_ONE: Rule = Rule::Whole { min: 1, max: i64::MAX };
const NOT_EMPTY: Rule = Rule::Length { min: 1, max: usize::MAX };
/// REST v2 documents no longest name; v1's is kept, since both write to the same database.
const NAME: Rule = Rule::Length { min: 1, max: 191 };
const VARIABLES: Source = Source::Page("RunPod's page on environment variables");
const CONSOLE: Source = Source::Page("RunPod's console");

/// Every limit that is known.
pub static LIMITS: &[Limit] = &[
    pod("name", "name", NAME, "name_length"),
    pod("container_disk_gb", "disk", FROM_ONE, "disk_size"),
    pod("gpu_count", "gpu/count", FROM_ONE, "gpu_count"),
    pod("cuda_versions", "gpu/allowedCudaVersions[]", Rule::Versions, "bad_version"),
    pod("min_ram_gb_per_gpu", "gpu/minRamPerGpu", FROM_ONE, "memory_floor"),
    pod("min_vcpu_per_gpu", "gpu/minVcpuCountPerGpu", FROM_ONE, "vcpu_floor"),
    pod("vcpu_count", "cpu/vcpuCount", Rule::Whole { min: 2, max: i64::MAX }, "bad_vcpus"),
    pod("volume_gb", "mounts/persistent/size", Rule::WholeOrNone { min: 10 }, "volume_size"),
    pod("template", "templateId", NOT_EMPTY, "empty_id"),
    limit(Dialect::V2, "pod", "env", Rule::Entries { max: MOST_VARIABLES }, "too_many_variables", VARIABLES),
    limit(
        Dialect::V2,
        "pod",
        "ports",
        Rule::Ports { protocol: "http", max: MOST_HTTP_PORTS },
        "too_many_ports",
        CONSOLE,
    ),
    volume("name", "name", NAME, "name_length"),
    volume("region", "dataCenter", NOT_EMPTY, "empty_id"),
    volume("size_gb", "size", Rule::Whole { min: 10, max: 4096 }, "volume_size"),
    limit(Dialect::V1, "pod", "name", NAME, "name_length", Source::Schema("PodCreateInput", "name")),
    limit(Dialect::V1, "pod", "gpu_count", FROM_ONE, "gpu_count", Source::Schema("PodCreateInput", "gpuCount")),
    limit(
        Dialect::V1,
        "pod",
        "cuda_versions",
        Rule::Versions,
        "bad_version",
        Source::Page("the form of v1's enumeration"),
    ),
    limit(Dialect::V1, "pod", "template", NOT_EMPTY, "empty_id", Source::Page("as REST v2")),
    limit(Dialect::V1, "pod", "env", Rule::Entries { max: MOST_VARIABLES }, "too_many_variables", VARIABLES),
    limit(
        Dialect::V1,
        "pod",
        "ports",
        Rule::Ports { protocol: "http", max: MOST_HTTP_PORTS },
        "too_many_ports",
        CONSOLE,
    ),
    limit(Dialect::V1, "network_volume", "name", NAME, "name_length", Source::Page("as the name of a pod")),
    limit(
        Dialect::V1,
        "network_volume",
        "size_gb",
        // The document allows 0; 1 GB is the least that is on record as working.
        Rule::Whole { min: 1, max: 4000 },
        "volume_size",
        Source::Schema("NetworkVolumeCreateInput", "size"),
    ),
];

/// The limits of a kind's attributes on one dialect.
pub fn of(kind: &'static str, dialect: Dialect) -> impl Iterator<Item = &'static Limit> {
    LIMITS.iter().filter(move |limit| limit.kind == kind && limit.dialect == dialect)
}

impl Rule {
    /// Whether a value keeps the limit. `Null` does, and so does what has another type: other checks refuse that.
    pub fn holds(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Whole { min, max }, Value::Int(number)) => (min..=max).contains(number),
            (Self::WholeOrNone { min }, Value::Int(number)) => *number == 0 || *number >= min,
            (Self::Length { min, max }, Value::Text(text)) => (min..=max).contains(&text.chars().count()),
            (Self::Versions, value) => value.text_items().into_iter().all(is_version),
            (Self::Entries { max }, Value::Map(map)) => map.len() <= max,
            (Self::Entries { max }, Value::List(items)) => items.len() <= max,
            (Self::Ports { protocol, max }, value) => {
                let of_protocol = |port: &&str| port.split_once('/').is_some_and(|(_, own)| own == protocol);
                value.text_items().iter().filter(|port| of_protocol(port)).count() <= max
            }
            _ => true,
        }
    }

    /// What is accepted, for the help of a problem.
    pub fn accepted(self) -> String {
        match self {
            Self::Whole { min, max: i64::MAX } => format!("at least {min}"),
            Self::Whole { min, max } => format!("from {min} to {max}"),
            Self::WholeOrNone { min } => format!("0 for none, or at least {min}"),
            Self::Length { min: 1, max: usize::MAX } => "not empty".to_owned(),
            Self::Length { min, max } => format!("from {min} to {max} characters"),
            Self::Versions => {
                "two numbers, for example `\"12.8\"`, with quotes, so that `12.10` stays `12.10`".to_owned()
            }
            Self::Entries { max } => format!("at most {max}"),
            Self::Ports { protocol, max } => format!("at most {max} {protocol} ports"),
        }
    }
}

fn is_version(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| number(major) && number(minor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;

    #[test]
    fn every_limit_is_about_an_attribute() {
        for limit in LIMITS {
            let kind = kind::find(limit.kind).expect("a kind");
            assert!(kind.attribute(limit.attribute).is_some(), "{}.{}", limit.kind, limit.attribute);
        }
    }

    #[test]
    fn a_rule_accepts_both_ends_and_nothing_beyond() {
        let size = Rule::Whole { min: 10, max: 4096 };
        for (rule, value, holds) in [
            (size, Value::Int(9), false),
            (size, Value::Int(10), true),
            (size, Value::Int(4096), true),
            (size, Value::Int(4097), false),
            (size, Value::Null, true),
            (Rule::WholeOrNone { min: 10 }, Value::Int(0), true),
            (Rule::WholeOrNone { min: 10 }, Value::Int(9), false),
            (Rule::Length { min: 1, max: 2 }, "".into(), false),
            (Rule::Length { min: 1, max: 2 }, "\u{e4}\u{f6}".into(), true),
            (Rule::Length { min: 1, max: 2 }, "abc".into(), false),
            (Rule::Versions, Value::texts(["12.8", "12.10"]), true),
            (Rule::Versions, Value::texts(["12"]), false),
            (Rule::Entries { max: 1 }, Value::texts(["a", "b"]), false),
            (Rule::Ports { protocol: "http", max: 1 }, Value::texts(["1/http", "2/tcp"]), true),
            (Rule::Ports { protocol: "http", max: 1 }, Value::texts(["1/http", "2/http"]), false),
        ] {
            assert_eq!(rule.holds(&value), holds, "{rule:?} {value}");
        }
    }
}
