//! A list with one entry per kind of resource. Every layer that treats kinds differently has one.

use std::ops::Deref;
use std::sync::OnceLock;

/// The entries of one layer, in a fixed order.
pub struct KindRegistry<T: ?Sized + 'static> {
    built_in: &'static [&'static T],
    all: OnceLock<Vec<&'static T>>,
}

/// The list was already read, so an entry added now would be missing from earlier answers.
#[derive(Debug, thiserror::Error)]
#[error("kinds can be added only before the first one is looked up")]
pub struct TooLate;

impl<T: ?Sized> KindRegistry<T> {
    pub const fn new(built_in: &'static [&'static T]) -> Self {
        Self { built_in, all: OnceLock::new() }
    }

    /// Adds kinds that are defined outside this crate, after the built-in ones.
    ///
    /// # Errors
    ///
    /// [`TooLate`] if the list was read before, or extended before.
    pub fn extend(&self, more: &[&'static T]) -> Result<(), TooLate> {
        self.all.set([self.built_in, more].concat()).map_err(|_| TooLate)
    }
}

impl<T: ?Sized> Deref for KindRegistry<T> {
    type Target = [&'static T];

    fn deref(&self) -> &Self::Target {
        self.all.get_or_init(|| self.built_in.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_can_be_added_until_the_list_is_read() {
        static WORDS: KindRegistry<str> = KindRegistry::new(&["pod"]);
        WORDS.extend(&["shelf"]).unwrap();
        assert_eq!(WORDS[..], ["pod", "shelf"]);
        assert!(WORDS.extend(&["late"]).is_err());
    }
}
