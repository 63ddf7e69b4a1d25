//! Allocations of one thread. Tests run concurrently, and each thread has its own counter.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATED: Cell<Work> = const { Cell::new(Work { allocations: 0, bytes: 0 }) };
}

/// Allocated memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub allocations: u64,
    pub bytes: u64,
}

struct Counting;

fn note(size: usize) {
    // A thread that is ending has no counter any more, and nothing reads it.
    let _ = ALLOCATED.try_with(|counter| {
        let Work { allocations, bytes } = counter.get();
        counter.set(Work { allocations: allocations + 1, bytes: bytes + size as u64 });
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

/// The memory that `task` allocates on this thread, and its result.
pub fn work<R>(task: impl FnOnce() -> R) -> (Work, R) {
    let before = ALLOCATED.get();
    let result = task();
    let after = ALLOCATED.get();
    (Work { allocations: after.allocations - before.allocations, bytes: after.bytes - before.bytes }, result)
}

#[test]
fn only_allocations_are_counted() {
    let (none, ()) = work(|| ());
    assert_eq!(none, Work { allocations: 0, bytes: 0 });
    let (some, _kept) = work(|| vec![0_u8; 1000]);
    assert_eq!(some, Work { allocations: 1, bytes: 1000 });
}
