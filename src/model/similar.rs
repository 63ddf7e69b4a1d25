//! How similar two words are, to suggest the name that was probably meant.
//!
//! The only file that compares words letter by letter. The time grows with the product of their lengths, and the words
//! come from files and arguments of any size, so long words are not compared.

/// Maximum length of a compared word, in bytes. No known name comes close.
pub const LONGEST_WORD: usize = 100;

/// The number of typing errors between two words, if there are at most `most`. Two swapped letters are one error.
pub fn edits(written: &str, known: &str, most: usize) -> Option<usize> {
    // Each error changes the length by at most one character, which has at most four bytes.
    let is_comparable = are_short(written, known) && written.len().abs_diff(known.len()) <= 4 * most;
    if !is_comparable {
        return None;
    }
    count();
    Some(strsim::damerau_levenshtein(written, known)).filter(|edits| *edits <= most)
}

/// Similarity from 0 to 1. Words with the same beginning rank higher.
pub fn likeness(written: &str, known: &str) -> f64 {
    if !are_short(written, known) {
        return 0.0;
    }
    count();
    strsim::jaro_winkler(written, known)
}

fn are_short(written: &str, known: &str) -> bool {
    written.len().max(known.len()) <= LONGEST_WORD
}

#[cfg(test)]
thread_local! {
    static COMPARISONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn count() {
    #[cfg(test)]
    COMPARISONS.with(|comparisons| comparisons.set(comparisons.get() + 1));
}

/// The number of comparisons that `work` makes.
#[cfg(test)]
pub fn comparisons(work: impl FnOnce()) -> usize {
    let before = COMPARISONS.with(std::cell::Cell::get);
    work();
    COMPARISONS.with(std::cell::Cell::get) - before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_up_to_a_limit() {
        assert_eq!(edits("gpuTpye", "gpuType", 2), Some(1));
        assert_eq!(edits("gpuTypes", "gpuType", 0), None);
        assert_eq!(edits("länge", "lange", 1), Some(1));
        assert_eq!(edits("\u{1f600}a", "a", 1), Some(1));
    }

    #[test]
    fn long_words_are_not_compared() {
        let long = "a".repeat(LONGEST_WORD + 1);
        let compared = comparisons(|| {
            assert_eq!(edits(&long, &long, usize::MAX / 4), None);
            assert!(likeness(&long, &long) < 0.1);
        });
        assert_eq!(compared, 0);
    }
}
