//! The calls of every chunk and every message, on bare N-API.
//!
//! Owns how arguments are read and results given back: a call costs a tenth of a class method's. What the
//! calls do stands in `inbox` and `commands`. The only unsafe code of the binding: each call takes numbers
//! and views on bytes, and keeps neither beyond its end.
//!
//! JavaScript may pass anything: a number that is none counts as 0, a view that is none as empty, and views
//! that overlap are refused.

#![expect(unsafe_code, reason = "N-API is an interface of C")]

use crate::commands;
use crate::connections::{self, Slot};
use crate::inbox::{Inbox, Range};
use napi::sys;
use napi::{Env, JsValue, bindgen_prelude::Object};
use polywire::Instant;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Adds the calls to the addon's exports.
pub(crate) fn export(exports: &mut Object<'_>, env: &Env) -> napi::Result<()> {
    let calls: [(&str, Callback); 8] = [
        ("receive", receive),
        ("receiveEof", receive_eof),
        ("handleTimeout", handle_timeout),
        ("send", send),
        ("sendAll", send_all),
        ("sendThrough", send_through),
        ("sendPrepared", send_prepared),
        ("transmit", transmit),
    ];
    for (name, call) in calls {
        let mut function = ptr::null_mut();
        let length = name.len() as isize;
        // SAFETY: `env` is the environment of this thread, `name` is valid for its length, and the
        // callback has the signature that N-API calls.
        let status = unsafe {
            sys::napi_create_function(
                env.raw(),
                name.as_ptr().cast(),
                length,
                Some(call),
                ptr::null_mut(),
                &raw mut function,
            )
        };
        if status != sys::Status::napi_ok {
            return Err(napi::Error::from_reason(format!("`{name}` cannot be exported")));
        }
        let name = std::ffi::CString::new(name)?;
        // SAFETY: both values were created in this environment and scope; the name ends with a zero.
        let status = unsafe {
            sys::napi_set_named_property(env.raw(), exports.raw(), name.as_ptr(), function)
        };
        if status != sys::Status::napi_ok {
            return Err(napi::Error::from_reason("the exports cannot be changed"));
        }
    }
    Ok(())
}

/// One call: its environment and its arguments.
struct Call<const N: usize> {
    env: sys::napi_env,
    values: [sys::napi_value; N],
}

impl<const N: usize> Call<N> {
    /// # Safety
    ///
    /// Both must be what N-API gave to the callback that runs.
    unsafe fn new(env: sys::napi_env, info: sys::napi_callback_info) -> Self {
        let mut values = [ptr::null_mut(); N];
        let mut count = N;
        // SAFETY: the caller's promise; N-API writes `count` values, and `undefined` for missing ones.
        unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &raw mut count,
                values.as_mut_ptr(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        Self { env, values }
    }

    fn number(&self, at: usize) -> u32 {
        let mut number = 0;
        // SAFETY: the value belongs to the callback that runs. For what is not a number nothing is written.
        unsafe { sys::napi_get_value_uint32(self.env, self.values[at], &raw mut number) };
        number
    }

    /// The bytes of a view; none if it is none.
    fn view(&self, at: usize) -> View {
        let (mut start, mut length) = (ptr::null_mut(), 0);
        // SAFETY: as in `number`.
        let status = unsafe {
            sys::napi_get_buffer_info(self.env, self.values[at], &raw mut start, &raw mut length)
        };
        if status == sys::Status::napi_ok && !start.is_null() {
            View { start: start.cast(), length }
        } else {
            View { start: ptr::null_mut(), length: 0 }
        }
    }

    /// Runs `act` and returns its number. A panic becomes an exception.
    fn answer(&self, act: impl FnOnce() -> u32) -> sys::napi_value {
        let mut value = ptr::null_mut();
        match catch_unwind(AssertUnwindSafe(act)) {
            // SAFETY: `env` is that of the callback that runs.
            Ok(number) => unsafe {
                sys::napi_create_uint32(self.env, number, &raw mut value);
            },
            // SAFETY: as above; both texts end with a zero.
            Err(_) => unsafe {
                sys::napi_throw_error(self.env, ptr::null(), c"a fault inside polywire".as_ptr());
            },
        }
        value
    }
}

/// Memory of JavaScript during one call.
#[derive(Clone, Copy)]
struct View {
    start: *mut u8,
    length: usize,
}

impl View {
    fn range(self) -> core::ops::Range<usize> {
        let start = self.start.addr();
        start..start + self.length
    }

    fn from(self, offset: usize) -> Self {
        let offset = offset.min(self.length);
        Self { start: self.start.wrapping_add(offset), length: self.length - offset }
    }

    fn first(self, length: usize) -> Self {
        Self { length: self.length.min(length), ..self }
    }

    /// # Safety
    ///
    /// No other reference to these bytes may live as long as the result, which must not outlive the call.
    unsafe fn bytes<'a>(self) -> &'a mut [u8] {
        if self.start.is_null() {
            return &mut [];
        }
        // SAFETY: N-API said that the memory of a view starts there and is that long; V8 neither moves nor
        // frees it during the call, and JavaScript does not run meanwhile. The rest is the caller's promise.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.length) }
    }
}

/// Views that share no byte.
fn apart<const N: usize>(views: [View; N]) -> Option<[&'static mut [u8]; N]> {
    for (at, view) in views.iter().enumerate() {
        let range = view.range();
        let others = &views[at + 1..];
        if others.iter().any(|other| {
            let other = other.range();
            range.start < other.end && other.start < range.end
        }) {
            return None;
        }
    }
    // SAFETY: they share no byte, each is borrowed once, and the callbacks below keep none.
    Some(views.map(|view| unsafe { view.bytes() }))
}

/// The words of a table; none if it does not start where words do.
fn words(bytes: &mut [u8]) -> &mut [u32] {
    // SAFETY: any four bytes are a `u32`.
    match unsafe { bytes.align_to_mut::<u32>() } {
        ([], words, _) => words,
        _ => &mut [],
    }
}

/// What the calls that return events have in common. Their last three arguments are the table, the slab, and
/// how many bytes of the slab are taken.
fn events<const N: usize>(
    call: &Call<N>,
    chunk: View,
    run: impl FnOnce(&mut Slot, Instant, &'static mut [u8], &mut Inbox<'static>) -> usize,
) -> sys::napi_value {
    call.answer(|| {
        let views = apart([chunk, call.view(N - 3), call.view(N - 2)]);
        let Some([chunk, table, slab]) = views else { return 0 };
        let used = call.number(N - 1) as usize;
        let Some(mut inbox) = Inbox::new(words(table), slab, used) else { return 0 };
        let filled = connections::with(call.number(0), |slot| {
            let now = slot.now();
            let left = run(slot, now, chunk, &mut inbox);
            inbox.finish(slot, now, left)
        });
        filled.unwrap_or(0)
    })
}

/// `receive(id, chunk, from, table, slab, used)`: bytes arrived.
unsafe extern "C" fn receive(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<6> = unsafe { Call::new(env, info) };
    let taken = call.number(2) as usize;
    let chunk = call.view(1).from(taken);
    events(&call, chunk, |slot, now, chunk, inbox| {
        let range = Range::of(chunk, taken);
        inbox.fill(slot.connection.receive_in(chunk, now), range)
    })
}

const NO_CHUNK: View = View { start: ptr::null_mut(), length: 0 };

/// `receiveEof(id, table, slab, used)`: the peer's stream ended.
unsafe extern "C" fn receive_eof(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<4> = unsafe { Call::new(env, info) };
    events(&call, NO_CHUNK, |slot, now, _, inbox| {
        inbox.fill(slot.connection.receive_eof(now), Range::EMPTY)
    })
}

/// `handleTimeout(id, table, slab, used)`: time passed, or a command may have caused events.
unsafe extern "C" fn handle_timeout(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<4> = unsafe { Call::new(env, info) };
    events(&call, NO_CHUNK, |slot, now, _, inbox| {
        // The host sets its timer anew: it may have rung too early.
        slot.timer = None;
        inbox.fill(slot.connection.handle_timeout(now), Range::EMPTY)
    })
}

/// `send(id, bytes, length, flags)`: returns the outcome.
unsafe extern "C" fn send(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<4> = unsafe { Call::new(env, info) };
    call.answer(|| {
        let [bytes] = apart([call.view(1).first(call.number(2) as usize)]).unwrap_or_default();
        let sent =
            connections::with(call.number(0), |slot| commands::send(slot, bytes, call.number(3)));
        sent.unwrap_or_else(commands::gone)
    })
}

/// `sendAll(id, bytes, words, count, out, at)`: sends messages, then does what `transmit` does.
unsafe extern "C" fn send_all(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<6> = unsafe { Call::new(env, info) };
    call.answer(|| {
        let out = call.view(4).from(call.number(5) as usize);
        let [bytes, table, out] = apart([call.view(1), call.view(2), out]).unwrap_or_default();
        let table = words(table);
        let count = table.len().min(call.number(3) as usize);
        let moved = connections::with(call.number(0), |slot| {
            commands::send_all(slot, bytes, &table[..count]);
            commands::transmit(slot, out)
        });
        moved.unwrap_or(0) as u32
    })
}

/// `sendThrough(id, bytes, flags, out, at)`: returns the outcome in the low byte, and above it how many
/// bytes of `out` were filled with the header.
unsafe extern "C" fn send_through(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<5> = unsafe { Call::new(env, info) };
    call.answer(|| {
        let views = apart([call.view(1), call.view(3).from(call.number(4) as usize)]);
        let [bytes, out] = views.unwrap_or_default();
        let sent = connections::with(call.number(0), |slot| {
            commands::send_through(slot, bytes, call.number(2), out)
        });
        let (outcome, placed) = sent.unwrap_or((commands::gone(), 0));
        outcome | (placed as u32) << 8
    })
}

/// `sendPrepared(id, prepared)`: returns the outcome.
unsafe extern "C" fn send_prepared(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<2> = unsafe { Call::new(env, info) };
    call.answer(|| {
        let id = call.number(1);
        let sent = connections::with(call.number(0), |slot| commands::send_prepared(slot, id));
        sent.unwrap_or_else(commands::gone)
    })
}

/// `transmit(id, out, at)`: moves what is queued into `out`; returns how many bytes.
unsafe extern "C" fn transmit(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: N-API calls this.
    let call: Call<3> = unsafe { Call::new(env, info) };
    call.answer(|| {
        let [out] = apart([call.view(1).from(call.number(2) as usize)]).unwrap_or_default();
        let moved = connections::with(call.number(0), |slot| commands::transmit(slot, out));
        moved.unwrap_or(0) as u32
    })
}
