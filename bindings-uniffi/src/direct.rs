//! The calls that a busy connection makes, over the plain C ABI.
//!
//! On the JVM a call through uniffi makes some ten objects with a cleaner each, which costs ten microseconds
//! and fills the heap faster than it is cleaned. [`polywire_call`] has numbers for arguments, takes bytes where
//! they lie, and leaves the batch where it was made: JNA then takes a fraction of a microsecond. Owns that one
//! function; what the calls do is `connection`'s. Swift calls through uniffi in 40 ns and needs none of this.
#![allow(unsafe_code, reason = "a function of the C ABI takes addresses")]

use crate::connection::Connection;
use polywire_bridge::codes::usage_index;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What [`polywire_call`] returns when the arguments cannot be.
const INVALID: i64 = i64::MIN;

/// Calls `connection`, which is the [address](Connection::address) of one that is not freed before this
/// returns.
///
/// `call` is a number of [`call`](crate::connection::call), `bytes` its content. Returns the address of the
/// batch, which is there until the next call for this connection; the last word of its header is how many
/// bytes there are allocated. Returns `-1 - index` for the usage error at that index of the table, and
/// `i64::MIN` for arguments that cannot be.
///
/// # Safety
///
/// `connection` is such an address. `bytes` has `length` bytes that nothing else uses meanwhile, and which
/// are written to where masks are taken off; it may be null if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polywire_call(
    connection: *const Connection,
    call: u32,
    bytes: *mut u8,
    length: u32,
    now: i64,
    take: u32,
) -> i64 {
    if connection.is_null() || bytes.is_null() && length > 0 {
        return INVALID;
    }
    // SAFETY: the caller keeps the connection alive, and it is only ever shared.
    let connection = unsafe { &*connection };
    let bytes = match length {
        0 => &mut [][..],
        // SAFETY: not null, and the caller promises that so many bytes are ours during the call.
        _ => unsafe { core::slice::from_raw_parts_mut(bytes, length as usize) },
    };
    let result = catch_unwind(AssertUnwindSafe(|| connection.call(call, bytes, now, take)));
    match result {
        Ok(Some(Ok(batch))) => batch as i64,
        Ok(Some(Err(error))) => -1 - usage_index(error) as i64,
        Ok(None) | Err(_) => INVALID,
    }
}
