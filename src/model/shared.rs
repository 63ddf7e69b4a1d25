//! Texts that repeat are held once: a fleet has few images, regions and GPU types, and thousands of pods that name them.

use std::cell::RefCell;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use ecow::EcoString;

/// Number of recent texts that are remembered. A power of two, so that the lowest bits of a hash choose the place.
const PLACES: usize = 256;

/// Longer texts are not remembered: they rarely repeat, and would stay in memory.
const LONGEST: usize = 256;

/// Shorter texts are part of the value itself and need no sharing.
const INLINE: usize = EcoString::INLINE_LIMIT;

thread_local! {
    static RECENT: RefCell<Vec<EcoString>> = const { RefCell::new(Vec::new()) };
}

/// The text, sharing its memory with an equal one that this thread read recently.
///
/// Not for secrets, which nothing may keep.
pub fn shared(text: &str) -> EcoString {
    if text.len() <= INLINE || text.len() > LONGEST {
        return text.into();
    }
    RECENT.with_borrow_mut(|recent| {
        if recent.is_empty() {
            recent.resize(PLACES, EcoString::new());
        }
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        let place = &mut recent[hash as usize % PLACES];
        if place != text {
            *place = text.into();
        }
        place.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_their_memory() {
        let image = "ghcr.io/team/train:2024-11-01";
        let (one, other) = (shared(image), shared(image));
        assert_eq!(one, image);
        assert_eq!(one.as_ptr(), other.as_ptr());
    }
}
