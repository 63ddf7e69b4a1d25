//! The peak memory of a task on one thread. Tests run concurrently, and each thread has its own counter.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn note(change: isize) {
    // A thread that is ending has no counter any more, and nothing reads it.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + change);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(now.get())));
    });
}

// SAFETY: every call is passed to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size.cast_signed() - layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The peak number of bytes that `task` allocates beyond the current ones, and its result.
pub fn peak<R>(task: impl FnOnce() -> R) -> (usize, R) {
    let before = NOW.get();
    PEAK.set(before);
    let result = task();
    (usize::try_from(PEAK.get() - before).unwrap_or(0), result)
}

#[test]
fn the_peak_includes_freed_memory() {
    let (peak, ()) = peak(|| {
        drop(vec![0_u8; 1 << 20]);
        drop(vec![0_u8; 1 << 10]);
    });
    assert!((1 << 20..2 << 20).contains(&peak), "{peak}");
}
