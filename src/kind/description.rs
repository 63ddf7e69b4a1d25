//! Descriptions of objects for display.

/// A description of an object, for plan lines and table rows. For display only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// `2 x NVIDIA L4`, `500 GB`.
    pub what: String,
    /// `US-CA-2`; `None` if any region is accepted.
    pub place: Option<String>,
    /// `SECURE`, `image pytorch:2.8`.
    pub details: Vec<String>,
}

impl std::fmt::Display for Description {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.what].into_iter().chain(&self.place).chain(&self.details).filter(|part| !part.is_empty());
        for (index, part) in parts.enumerate() {
            write!(formatter, "{}{part}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Lists candidates in a sentence: `A`, `A or B`, `A, B or 3 others`.
pub(crate) fn alternatives(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, second] => format!("{first} or {second}"),
        [first, second, third] => format!("{first}, {second} or {third}"),
        [first, second, rest @ ..] => format!("{first}, {second} or {} others", rest.len()),
    }
}
