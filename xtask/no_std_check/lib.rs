//! A library without std that uses the core, with a panic handler and an allocator of its own.
//!
//! Owns what std would otherwise bring. `cargo xtask no-std` makes a package of this file and builds it;
//! were std anywhere below, its panic handler would be a second one, and the build would fail. It must not
//! know any function of the host: what it links to is all there is.

#![no_std]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};

const ARENA_BYTES: usize = 4 << 20;

/// Hands out memory from the front of one arena and takes none back.
struct Bump {
    arena: UnsafeCell<[u8; ARENA_BYTES]>,
    used: AtomicUsize,
}

// SAFETY: the arena is touched only through the blocks handed out, and `used` only grows, by an atomic
// step, so no two blocks overlap.
unsafe impl Sync for Bump {}

// SAFETY: a block lies inside the arena, behind all blocks before it, at an address that is a multiple of
// its alignment.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.arena.get().cast::<u8>();
        let mut offset = 0;
        let step = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            offset = (base as usize + used).next_multiple_of(layout.align()) - base as usize;
            offset.checked_add(layout.size()).filter(|end| *end <= ARENA_BYTES)
        });
        match step {
            // SAFETY: `offset` is at most the length of the arena.
            Ok(_) => unsafe { base.add(offset) },
            Err(_) => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump =
    Bump { arena: UnsafeCell::new([0; ARENA_BYTES]), used: AtomicUsize::new(0) };

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Use the core, so that it is linked and not dropped.
// SAFETY: no other symbol of the library has this name.
#[unsafe(no_mangle)]
pub extern "C" fn polywire_no_std_check() -> usize {
    let config = alloc::boxed::Box::new(polywire::Config::default());
    core::hint::black_box(&*config) as *const polywire::Config as usize
}
