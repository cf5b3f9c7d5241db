//! The memory that event loops read into: one buffer per thread, for all its connections.
//!
//! Owns the claim that nobody else looks at it: a loop asks for the buffer, reads, and hands it to the
//! protocol, all without giving control away, and no byte of it is needed once that returns.

#![allow(unsafe_code, reason = "memory that Python writes and Rust reads")]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyMemoryView};
use std::cell::RefCell;
use std::mem::ManuallyDrop;

/// As much as one read takes. Measured with bursts of 64 messages of 1 KiB, and with 1 MiB.
const SIZE: usize = 256 << 10;

struct Buffer {
    /// Holds the memory, which cannot be resized while the view exists.
    view: Py<PyMemoryView>,
    memory: *mut u8,
}

thread_local! {
    // Never dropped: at the end of a thread there may be no interpreter to give it back to.
    static BUFFER: RefCell<Option<ManuallyDrop<Buffer>>> = const { RefCell::new(None) };
}

/// The view to read into.
pub(super) fn view(py: Python<'_>) -> PyResult<Py<PyMemoryView>> {
    let known =
        BUFFER.with_borrow(|buffer| buffer.as_ref().map(|buffer| buffer.view.clone_ref(py)));
    known.map_or_else(|| create(py), Ok)
}

#[cold]
fn create(py: Python<'_>) -> PyResult<Py<PyMemoryView>> {
    let bytes = PyByteArray::new_with(py, SIZE, |_| Ok(()))?;
    // SAFETY: `bytes` is a bytearray.
    let memory = unsafe { ffi::PyByteArray_AsString(bytes.as_ptr()) }.cast::<u8>();
    let view = PyMemoryView::from(&bytes)?.unbind();
    let buffer = Buffer { view: view.clone_ref(py), memory };
    BUFFER.set(Some(ManuallyDrop::new(buffer)));
    Ok(view)
}

/// Hands over the first `count` bytes, which the loop has just read.
pub(super) fn read<T>(count: usize, use_bytes: impl FnOnce(&mut [u8]) -> T) -> Option<T> {
    let memory = BUFFER.with_borrow(|buffer| buffer.as_ref().map(|buffer| buffer.memory))?;
    // SAFETY: the memory has `SIZE` bytes, all initialised, and lives as long as the thread: the view
    // that `BUFFER` holds keeps it, and keeps it from moving. The slice is the only one: a callee that
    // runs Python has taken all it needs from the slice before, so that a nested read, which could
    // only come from such a callee, finds it unused.
    let bytes = unsafe { std::slice::from_raw_parts_mut(memory, count.min(SIZE)) };
    Some(use_bytes(bytes))
}
