//! Request members of containers, which pods and templates share (OpenAPI v2).

use crate::emulator::dialect::schema::{FROM_ONE, Member, ObjectShape, Pattern, TEXT, TEXTS, Type};

pub const CONTAINER: &[Member] = &[
    ("image", TEXT),
    ("args", TEXT),
    ("cmd", TEXTS),
    ("entrypoint", TEXTS),
    ("disk", FROM_ONE),
    ("env", Type::TextMap),
    ("ports", TEXTS),
    ("registry", Type::OrNull(&TEXT)),
];

pub const PERSISTENT: ObjectShape = ObjectShape {
    members: &[&[("size", Type::Whole { min: 10, max: u64::MAX }), ("path", TEXT)]],
    required: &["size", "path"],
    min_members: 0,
};

pub const CUDA_VERSION: Pattern = Pattern { source: r"^\d+\.\d+$", holds: is_version };
pub const VERSION: Type = Type::Text { min: 0, max: usize::MAX, pattern: Some(&CUDA_VERSION) };

fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor))
}
