//! The work of one thread: its allocations and comparisons. Tests run concurrently, and each thread has its own counter.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt;

use sindri::model::comparisons::Comparisons;

use crate::support::ids::ID_LENGTH;

thread_local! {
    static ALLOCATED: Cell<Allocated> = const { Cell::new(Allocated { allocations: 0, bytes: 0 }) };
}

/// Allocated memory.
#[derive(Clone, Copy)]
struct Allocated {
    allocations: u64,
    bytes: u64,
}

/// What a task took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub allocations: u64,
    pub bytes: u64,
    /// See [`Comparisons::scanned`].
    pub scanned: u64,
    /// See [`Comparisons::sorted`]. Twice the fleet takes slightly more than twice as many.
    pub sorted: u64,
    /// Comparisons of texts, except that texts of different lengths are known to be different. They are part of lists
    /// and of sorted maps.
    pub texts: u64,
    /// Those of them that compare ids of [`ID_LENGTH`].
    pub ids: u64,
}

impl Work {
    /// The work per item, with a fraction.
    pub fn per(self, items: usize) -> PerItem {
        let Self { allocations, bytes, scanned, sorted, texts, ids: _ } = self;
        let [allocations, bytes, scanned, sorted, texts] =
            [allocations, bytes, scanned, sorted, texts].map(|number| number as f64 / items as f64);
        PerItem { allocations, bytes, scanned, sorted, texts }
    }
}

/// The work per pod or resource, or limits on it.
#[derive(Clone, Copy)]
pub struct PerItem {
    pub allocations: f64,
    pub bytes: f64,
    pub scanned: f64,
    pub sorted: f64,
    pub texts: f64,
}

impl PerItem {
    /// The same limits with so many times the numbers, and `sorted` times the steps in sorted maps.
    pub fn times(self, factor: f64, sorted: f64) -> Self {
        Self {
            allocations: factor * self.allocations,
            bytes: factor * self.bytes,
            scanned: factor * self.scanned,
            sorted: sorted * self.sorted,
            texts: sorted * self.texts,
        }
    }

    pub fn is_within(self, limit: Self) -> bool {
        self.allocations <= limit.allocations
            && self.bytes <= limit.bytes
            && self.scanned <= limit.scanned
            && self.sorted <= limit.sorted
            && self.texts <= limit.texts
    }
}

impl fmt::Display for PerItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { allocations, bytes, scanned, sorted, texts } = self;
        write!(formatter, "{allocations:.1} allocations, {bytes:.0} bytes, {scanned:.1} scanned, ")?;
        write!(formatter, "{sorted:.1} sorted and {texts:.1} texts")
    }
}

struct Counting;

fn note(size: usize) {
    // A thread that is ending has no counter any more, and nothing reads it.
    let _ = ALLOCATED.try_with(|counter| {
        let Allocated { allocations, bytes } = counter.get();
        counter.set(Allocated { allocations: allocations + 1, bytes: bytes + size as u64 });
    });
}

// SAFETY: every call is passed to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size.saturating_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static TEXTS: Cell<u64> = const { Cell::new(0) };
    static IDS: Cell<u64> = const { Cell::new(0) };
}

/// Takes the place of the C library's function, which Rust calls to compare texts.
///
/// # Safety
///
/// Both pointers must be valid for `size` bytes.
#[cfg(unix)]
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, size: usize) -> i32 {
    TEXTS.set(TEXTS.get() + 1);
    IDS.set(IDS.get() + u64::from(size == ID_LENGTH));
    // No slices: comparing them would call this function.
    for at in 0..size {
        // SAFETY: `at` is less than `size`.
        let (left, right) = unsafe { (*one.add(at), *other.add(at)) };
        if left != right {
            return i32::from(left) - i32::from(right);
        }
    }
    0
}

/// The same function for optimised code that only needs to know whether texts are equal.
///
/// # Safety
///
/// See [`memcmp`].
#[cfg(unix)]
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, size: usize) -> i32 {
    // SAFETY: the caller keeps the contract.
    unsafe { memcmp(one, other, size) }
}

/// The work of `task` on this thread, and its result.
pub fn work<R>(task: impl FnOnce() -> R) -> (Work, R) {
    let (before, compared, texts, ids) = (ALLOCATED.get(), Comparisons::so_far(), TEXTS.get(), IDS.get());
    let result = task();
    let (after, compared_now) = (ALLOCATED.get(), Comparisons::so_far());
    let work = Work {
        allocations: after.allocations - before.allocations,
        bytes: after.bytes - before.bytes,
        scanned: compared_now.scanned - compared.scanned,
        sorted: compared_now.sorted - compared.sorted,
        texts: TEXTS.get() - texts,
        ids: IDS.get() - ids,
    };
    (work, result)
}

#[test]
fn only_allocations_are_counted_as_memory() {
    let (none, ()) = work(|| ());
    assert_eq!(none, NONE);
    let (some, _kept) = work(|| vec![0_u8; 1000]);
    assert_eq!(some, Work { allocations: 1, bytes: 1000, ..NONE });
}

#[test]
#[cfg(all(unix, debug_assertions))]
fn every_comparison_of_addresses_and_texts_is_counted() {
    let [one, other] = ["pod.one", "pod.other"].map(|text| text.parse::<sindri::model::Address>().expect("an address"));
    // The kinds are equal, so the names decide.
    assert_eq!(work(|| one == other), (Work { scanned: 2, ..NONE }, false));
    assert_eq!(work(|| one < other), (Work { sorted: 2, ..NONE }, true));
    let ids = ["one".to_owned(), "two".to_owned(), "seven".to_owned()];
    assert_eq!(work(|| ids.iter().position(|id| id == "two")), (Work { texts: 2, ..NONE }, Some(1)));
    let ids_of_objects = [1, 2].map(|number| format!("{number:0ID_LENGTH$}"));
    assert_eq!(work(|| ids_of_objects[0] == ids_of_objects[1]), (Work { texts: 1, ids: 1, ..NONE }, false));
    assert_eq!(work(|| one.name == "one"), (Work { scanned: 1, texts: 1, ..NONE }, true));
    assert_eq!(work(|| ids[0] < ids[2]), (Work { texts: 1, ..NONE }, true));
}

const NONE: Work = Work { allocations: 0, bytes: 0, scanned: 0, sorted: 0, texts: 0, ids: 0 };
