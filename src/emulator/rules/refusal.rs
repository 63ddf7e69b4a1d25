//! Reasons to refuse a call. Each dialect has its own status and wording for them.

use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub enum RequestRefusal {
    /// The body violates its schema (v2: 422).
    Schema(Vec<SchemaViolation>),
    /// The body fits its schema but breaks another rule (v2: 400). RunPod's text.
    Rule(String),
    NotFound,
    /// As [`Self::NotFound`], with a text of its own.
    Absent(String),
    /// The image does not exist (Q34).
    NoImage(String),
    NoBalance,
    NoCapacity,
    /// The host of a stopped pod has no free GPU.
    HostFull,
    /// The status or the lock forbids the action (v2: 409). RunPod's text.
    Conflict(String),
}

impl RequestRefusal {
    /// A broken rule, in RunPod's words.
    pub fn rule(text: impl Into<String>) -> Self {
        Self::Rule(text.into())
    }

    /// A single violation at a path in the body or the query.
    pub fn violation(path: &str, what: impl Into<String>) -> Self {
        Self::Schema(vec![SchemaViolation::Other { path: path.to_owned(), what: what.into() }])
    }
}

/// One schema error in a body.
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaViolation {
    Unknown { path: String, names: Vec<String> },
    Missing { path: String, name: &'static str },
    Other { path: String, what: String },
}

impl fmt::Display for SchemaViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { path, names } => {
                let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                write!(f, "{path}: additional properties {} not allowed", names.join(", "))
            }
            Self::Missing { path, name } => write!(f, "{path}: missing property '{name}'"),
            Self::Other { path, what } => write!(f, "{path}: {what}"),
        }
    }
}

/// The reason in words, for a control call.
pub fn describe(refusal: &RequestRefusal) -> String {
    match refusal {
        RequestRefusal::Schema(violations) => violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        RequestRefusal::Rule(text) | RequestRefusal::Absent(text) | RequestRefusal::Conflict(text) => text.clone(),
        RequestRefusal::NotFound => "not found".to_owned(),
        RequestRefusal::NoImage(image) => format!("image {image} not found"),
        RequestRefusal::NoBalance => "insufficient balance".to_owned(),
        RequestRefusal::NoCapacity => "no capacity".to_owned(),
        RequestRefusal::HostFull => "no free GPU on the host".to_owned(),
    }
}
