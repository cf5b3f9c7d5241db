//! A library without std that uses the core, with a panic handler and an allocator of its own.
//!
//! Owns what std would otherwise bring. `cargo xtask no-std` makes a package of this file and builds it;
//! were std anywhere below, its panic handler would be a second one, and the build would fail. It must not
//! know any function of the host: what it links to is all there is.

#![no_std]

extern crate alloc;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;

use polywire::handshake::{ClientHandshake, ClientOptions, ServerHandshake, Url};
use polywire::{CloseCode, Config, Connection, Event, Instant, Role, Sender};

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

/// Everything that is linked: handshakes, compression, frames and the close. Returns 1 when all went well.
// SAFETY: no other symbol of the library has this name.
#[unsafe(no_mangle)]
pub extern "C" fn polywire_no_std_check() -> u32 {
    u32::from(converse().is_some())
}

/// A client and a server shake hands, a message goes there and back, and the client closes.
fn converse() -> Option<()> {
    let (config, now) = (Arc::new(Config::default()), Instant::ZERO);
    let (mut client, mut server) = shake_hands(&config, now)?;

    let message = "without std, ".repeat(64);
    client.sender(now).send(&message).ok()?;
    let mut echoed = false;
    deliver(&mut client, &mut server, |event, sender| match event {
        Event::Text(text) => sender.send(text).is_ok(),
        _ => true,
    })?;
    deliver(&mut server, &mut client, |event, sender| {
        echoed |= event == Event::Text(&message);
        sender.close(Some(CloseCode::NORMAL), "").is_ok()
    })?;
    let mut closed = false;
    deliver(&mut client, &mut server, |event, _| {
        closed |= matches!(event, Event::Ended(ended) if ended.code == CloseCode::NORMAL);
        true
    })?;
    (echoed && closed).then_some(())
}

fn shake_hands(config: &Arc<Config>, now: Instant) -> Option<(Connection, Connection)> {
    let url = Url::parse("ws://localhost/").ok()?;
    let (mut client, request) =
        ClientHandshake::new(&url, &ClientOptions::default(), config, [3; 16], now).ok()?;
    let mut server = ServerHandshake::new(Arc::default(), Arc::clone(config), now);
    let Poll::Ready(Ok(upgrade)) = server.receive(&request, now) else { return None };
    let (response, at_server) = server.accept(upgrade).ok()?;
    let Poll::Ready(Ok(at_client)) = client.receive(&response.to_bytes(), now) else { return None };
    let connection =
        |role, agreement| Connection::new(role, Arc::clone(config), agreement, [4; 32], now);
    at_client.agreement.deflate?;
    Some((
        connection(Role::Client, &at_client.agreement),
        connection(Role::Server, &at_server.agreement),
    ))
}

/// Bring what one end sends to the other, which takes its events; `None` when it could not.
fn deliver(
    from: &mut Connection,
    to: &mut Connection,
    mut take: impl FnMut(Event<'_>, &mut Sender) -> bool,
) -> Option<()> {
    let mut wire: Vec<u8> = from.transmit().flatten().copied().collect();
    from.transmitted(wire.len());
    let mut events = to.receive_in(&mut wire, Instant::ZERO);
    while let Some((event, sender)) = events.next() {
        take(event, sender).then_some(())?;
    }
    Some(())
}
