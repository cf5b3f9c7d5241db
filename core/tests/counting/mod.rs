//! The allocator, asked what a piece of work costs.
//!
//! Owns the counters, which belong to the thread: tests that run side by side do not disturb one
//! another. Knows nothing of what is measured.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static COUNTING: Counting = Counting;

struct Counting;

thread_local! {
    static NOW: Cell<Cost> = const { Cell::new(Cost { allocations: 0, bytes: 0, live: 0, peak: 0 }) };
}

/// What a piece of work asked of the allocator.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "not every test looks at all of it")]
pub(crate) struct Cost {
    /// Allocations and reallocations.
    pub(crate) allocations: usize,
    /// Bytes of all of them: what was asked for, and what growing may have copied.
    pub(crate) bytes: usize,
    /// How many bytes more are held after it.
    pub(crate) live: isize,
    /// The most bytes that were held at a time, beyond those held before.
    pub(crate) peak: isize,
}

/// Does `work`, and tells what it cost.
pub(crate) fn measure<R>(work: impl FnOnce() -> R) -> (Cost, R) {
    let before = NOW.get();
    NOW.set(Cost { peak: before.live, ..before });
    let result = work();
    let after = NOW.get();
    NOW.set(Cost { peak: after.peak.max(before.peak), ..after });
    let cost = Cost {
        allocations: after.allocations - before.allocations,
        bytes: after.bytes - before.bytes,
        live: after.live - before.live,
        peak: after.peak - before.live,
    };
    (cost, result)
}

fn count(allocated: Option<usize>, change: isize) {
    // Threads that end no longer count.
    let _ = NOW.try_with(|now| {
        let mut cost = now.get();
        cost.allocations += usize::from(allocated.is_some());
        cost.bytes += allocated.unwrap_or(0);
        cost.live += change;
        cost.peak = cost.peak.max(cost.live);
        now.set(cost);
    });
}

// SAFETY: every call is passed on to the system's allocator as it came.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(Some(layout.size()), layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(None, -(layout.size() as isize));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(Some(size), size as isize - layout.size() as isize);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
