//! Environment variables with their positions in the files.

use std::collections::BTreeMap;

use super::source::Span;
use crate::model::Value;

/// One environment variable and its position.
#[derive(Clone)]
pub(super) struct Variable {
    pub value: Value,
    pub span: Span,
}

pub(super) type Variables = BTreeMap<String, Variable>;
