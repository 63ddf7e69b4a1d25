//! Reading serialised texts and maps.

use std::fmt::{self, Display};

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Reads a string without copying it first. `what` completes the message "expected ...".
pub(super) fn read_text<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    what: &'static str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    struct StringVisitor<F>(&'static str, F);

    impl<T, E: Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for StringVisitor<F> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }

        fn visit_str<R: Error>(self, text: &str) -> Result<T, R> {
            (self.1)(text).map_err(R::custom)
        }
    }

    deserializer.deserialize_str(StringVisitor(what, read))
}

/// The entries of a map, sorted by key. Refuses a key that appears twice, where serde's own maps keep the last value.
pub(crate) fn unique_entries<'de, A, K, V>(mut access: A) -> Result<Vec<(K, V)>, A::Error>
where
    A: MapAccess<'de>,
    K: Deserialize<'de> + Ord + Display,
    V: Deserialize<'de>,
{
    let mut entries: Vec<(K, V)> = Vec::new();
    while let Some(entry) = access.next_entry()? {
        entries.push(entry);
    }
    // A file that sindri wrote is sorted already.
    if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(A::Error::custom(format!("the key `{}` appears twice", pair[0].0)));
        }
    }
    Ok(entries)
}
