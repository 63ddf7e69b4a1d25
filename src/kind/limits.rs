//! Limits on attributes from RunPod's schemas and documents, as a table.
//!
//! The configuration checks them up front, so that RunPod does not reject a number or length after the old object was
//! already destroyed. `tests/contract_client.rs` compares the table with RunPod's OpenAPI documents in both directions.

use crate::model::{Dialect, ProblemCode, Value};

/// One limit of one attribute.
#[derive(Debug)]
pub struct Limit {
    pub attribute: &'static str,
    pub dialect: Dialect,
    pub rule: LimitRule,
    /// The code of the problem that a value outside the limit is.
    pub code: ProblemCode,
    pub source: LimitSource,
}

/// The allowed values; ranges are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitRule {
    /// A whole number.
    Whole { min: i64, max: i64 },
    /// A whole number, or zero for none. Zero is not sent.
    WholeOrNone { min: i64 },
    /// Number of characters in a text.
    Length { min: usize, max: usize },
    /// Each text in a list has the form `major.minor`.
    Versions,
    /// Number of entries in a map or list.
    Entries { max: usize },
    /// Number of ports with this protocol in a list.
    Ports { protocol: &'static str, max: usize },
}

/// Source of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitSource {
    /// A member of a schema in the dialect's OpenAPI document: `CreatePodRequest`, `gpu/count`.
    Schema(&'static str, &'static str),
    /// Another page of RunPod's documentation, or an observation.
    Page(&'static str),
}

/// Maximum size of a JSON body of a v2 request, in bytes. Source: RunPod's page on errors of REST v2 (`413`).
pub const V2_BODY_LIMIT: usize = 102_400;
/// Maximum number of environment variables of a pod, including sindri's marker. Source: RunPod's page on environment
/// variables.
pub const MOST_VARIABLES: usize = 50;
/// Maximum number of HTTP ports of a pod. Source: RunPod's console.
pub const MOST_HTTP_PORTS: usize = 10;

/// A limit of one attribute in one dialect.
pub(super) const fn limit(
    dialect: Dialect,
    attribute: &'static str,
    rule: LimitRule,
    code: ProblemCode,
    source: LimitSource,
) -> Limit {
    Limit { attribute, dialect, rule, code, source }
}

pub(super) const FROM_ONE: LimitRule = LimitRule::Whole { min: 1, max: i64::MAX };
pub(super) const NOT_EMPTY: LimitRule = LimitRule::Length { min: 1, max: usize::MAX };
/// REST v2 documents no maximum name length. The limit of v1 applies here too, since both write to the same database.
pub(super) const LONGEST_NAME: LimitRule = LimitRule::Length { min: 1, max: 191 };

impl LimitRule {
    /// Whether a value is within the limit. `Null` and values of another type pass; other checks reject those.
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

    /// The accepted values, for the help text of a problem.
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
    fn every_limit_names_an_attribute() {
        for kind in kind::KINDS.iter() {
            for limit in kind.limits {
                assert!(kind.attribute(limit.attribute).is_some(), "{}.{}", kind.name, limit.attribute);
            }
        }
    }

    #[test]
    fn a_rule_accepts_both_ends_and_nothing_beyond() {
        let size = LimitRule::Whole { min: 10, max: 4096 };
        for (rule, value, holds) in [
            (size, Value::Int(9), false),
            (size, Value::Int(10), true),
            (size, Value::Int(4096), true),
            (size, Value::Int(4097), false),
            (size, Value::Null, true),
            (LimitRule::WholeOrNone { min: 10 }, Value::Int(0), true),
            (LimitRule::WholeOrNone { min: 10 }, Value::Int(9), false),
            (LimitRule::Length { min: 1, max: 2 }, "".into(), false),
            (LimitRule::Length { min: 1, max: 2 }, "\u{e4}\u{f6}".into(), true),
            (LimitRule::Length { min: 1, max: 2 }, "abc".into(), false),
            (LimitRule::Versions, Value::texts(["12.8", "12.10"]), true),
            (LimitRule::Versions, Value::texts(["12"]), false),
            (LimitRule::Entries { max: 1 }, Value::texts(["a", "b"]), false),
            (LimitRule::Ports { protocol: "http", max: 1 }, Value::texts(["1/http", "2/tcp"]), true),
            (LimitRule::Ports { protocol: "http", max: 1 }, Value::texts(["1/http", "2/http"]), false),
        ] {
            assert_eq!(rule.holds(&value), holds, "{rule:?} {value}");
        }
    }
}
