//! The calls that a busy connection makes, over the plain C ABI.
//!
//! On the JVM a call through uniffi makes some ten objects with a cleaner each, which costs ten microseconds
//! and fills the heap faster than it is cleaned. [`polywire_call`] has numbers for arguments and writes the
//! batch into memory that the caller keeps: JNA then takes a fraction of a microsecond. Owns that one
//! function; what the calls do is `connection`'s. Swift calls through uniffi in 40 ns and needs none of this.
#![allow(unsafe_code, reason = "a function of the C ABI takes addresses")]

use crate::connection::Connection;
use polywire::UsageError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What [`polywire_call`] returns when the arguments cannot be.
const INVALID: i64 = i64::MIN;

/// Calls `connection`, which is the [address](Connection::address) of one that is not freed before this
/// returns.
///
/// `call` is a number of [`call`](crate::connection::call), `bytes` its content. Returns the length of
/// the batch, which was written to `out` unless it is larger than `capacity`: then `out` has nothing, and
/// the next call has to be the one that fetches it. Returns `-1 - index` for the usage error at that index
/// of the table, and `i64::MIN` for arguments that cannot be.
///
/// # Safety
///
/// `connection` is such an address, `bytes` has `length` readable bytes, and `out` has `capacity` writable
/// ones that nothing else uses meanwhile. Both may be null if they have none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polywire_call(
    connection: *const Connection,
    call: u32,
    bytes: *const u8,
    length: u32,
    now: i64,
    take: u32,
    out: *mut u8,
    capacity: u32,
) -> i64 {
    if connection.is_null() || bytes.is_null() && length > 0 || out.is_null() && capacity > 0 {
        return INVALID;
    }
    // SAFETY: the caller keeps the connection alive, and it is only ever shared.
    let connection = unsafe { &*connection };
    let bytes = match length {
        0 => &[][..],
        // SAFETY: not null, and the caller promises that so many bytes are readable during the call.
        _ => unsafe { core::slice::from_raw_parts(bytes, length as usize) },
    };
    let out = match capacity {
        0 => &mut [][..],
        // SAFETY: not null, and the caller promises that so many bytes are ours during the call.
        _ => unsafe { core::slice::from_raw_parts_mut(out, capacity as usize) },
    };
    let result = catch_unwind(AssertUnwindSafe(|| connection.call(call, bytes, now, take, out)));
    match result {
        Ok(Some(Ok(length))) => i64::try_from(length).unwrap_or(INVALID),
        Ok(Some(Err(error))) => -1 - index(error),
        Ok(None) | Err(_) => INVALID,
    }
}

fn index(error: UsageError) -> i64 {
    let index = UsageError::ALL.iter().position(|&other| other == error);
    index.and_then(|index| i64::try_from(index).ok()).expect("`ALL` has every error")
}
