//! Texts that repeat are held once: a fleet has few images, regions and GPU types, and thousands of pods that name them.

use std::cell::RefCell;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Deref;

use ecow::EcoString;

/// Longer texts are not remembered: they rarely repeat, and would stay in memory.
const LONGEST: usize = 256;

/// Shorter texts are part of the value itself and need no sharing.
const INLINE: usize = EcoString::INLINE_LIMIT;

thread_local! {
    static RECENT: RefCell<Recent<EcoString>> = const { RefCell::new(Recent::new()) };
}

/// The text, sharing its memory with an equal one that this thread read recently.
///
/// Not for secrets, which nothing may keep.
pub fn shared(text: &str) -> EcoString {
    if text.len() <= INLINE {
        return text.into();
    }
    RECENT.with_borrow_mut(|recent| recent.find(text, |text| EcoString::from(text)))
}

/// Texts that were read recently, each in a place that its hash chooses.
pub(super) struct Recent<T>(Vec<Option<T>>);

/// Number of places.
const PLACES: usize = 256;

impl<T: Clone + Deref<Target = str>> Recent<T> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The remembered text that equals this one, otherwise a new one in place of what was remembered before.
    pub(super) fn find(&mut self, text: &str, made: impl FnOnce(&str) -> T) -> T {
        if text.len() > LONGEST {
            return made(text);
        }
        if self.0.is_empty() {
            self.0.resize(PLACES, None);
        }
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        let place = &mut self.0[hash as usize % PLACES];
        match place {
            Some(found) if **found == *text => found.clone(),
            _ => place.insert(made(text)).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_their_memory() {
        let image = "ghcr.io/team/train:2024-11-01";
        let (one, other) = (shared(image), shared(&String::from(image)));
        assert_eq!(one, image);
        assert_eq!(one.as_ptr(), other.as_ptr());
    }
}
