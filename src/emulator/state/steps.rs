//! Counts the items that searches and lists look at, so that tests notice a search through the whole world.

#[cfg(test)]
thread_local! {
    static LOOKED_AT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts one item, in tests only.
#[inline]
pub fn look_at<T>(item: T) -> T {
    #[cfg(test)]
    LOOKED_AT.set(LOOKED_AT.get() + 1);
    item
}

/// The number of items that `task` looks at.
#[cfg(test)]
pub fn count(task: impl FnOnce()) -> u64 {
    let before = LOOKED_AT.get();
    task();
    LOOKED_AT.get() - before
}
