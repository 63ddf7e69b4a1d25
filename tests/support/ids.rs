//! The ids of objects that the API lists.

/// Length of an id. No attribute has a name of this length, so comparisons of ids can be told from comparisons of other
/// texts.
pub const ID_LENGTH: usize = 29;
