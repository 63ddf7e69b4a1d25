//! Counts comparisons of addresses, so that tests notice a search through all resources. Such a search allocates
//! nothing, and most addresses differ before their texts are compared.
//!
//! Debug builds count, not only builds for unit tests: the suites in `tests/` link the library as its users do. A
//! release build contains neither counters nor calls.

#[cfg(debug_assertions)]
thread_local! {
    static COUNTED: std::cell::Cell<Comparisons> = const { std::cell::Cell::new(Comparisons { scanned: 0, sorted: 0 }) };
}

/// The comparisons of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparisons {
    /// Parts of addresses compared for equality, with another part or a text: the steps of a search through a list.
    pub scanned: u64,
    /// Parts of addresses compared for order: the steps of sorting, and of a search in a sorted map.
    pub sorted: u64,
}

impl Comparisons {
    /// The comparisons of this thread so far; none in a release build.
    pub fn so_far() -> Self {
        #[cfg(debug_assertions)]
        return COUNTED.get();
        #[cfg(not(debug_assertions))]
        Self { scanned: 0, sorted: 0 }
    }
}

#[inline]
pub(super) fn scan() {
    #[cfg(debug_assertions)]
    COUNTED.with(|counted| {
        let Comparisons { scanned, sorted } = counted.get();
        counted.set(Comparisons { scanned: scanned + 1, sorted });
    });
}

#[inline]
pub(super) fn sort() {
    #[cfg(debug_assertions)]
    COUNTED.with(|counted| {
        let Comparisons { scanned, sorted } = counted.get();
        counted.set(Comparisons { scanned, sorted: sorted + 1 });
    });
}
