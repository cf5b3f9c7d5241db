//! A cell for what only those look at who are attached to the interpreter.
//!
//! Owns the claim that this is lock enough: the module asks for the global lock of the interpreter, so
//! that one thread at a time is attached. A mutex on top of it costs two atomic operations whenever it is
//! taken, and a message takes several: together as much as it takes to decode it.

#![allow(unsafe_code, reason = "a cell that threads share")]

use pyo3::{PyVisit, Python};
use std::cell::{Ref, RefCell, RefMut};

#[derive(Default)]
pub(super) struct Attached<T>(RefCell<T>);

// SAFETY: the cell is reached through `lock` and `look` alone, whose callers are attached, or are called
// by the garbage collector, which is. What they return cannot be sent to another thread, nor can it enter
// a closure that runs detached. So the flag of the `RefCell` is read and written by one thread at a time,
// each behind a hand-over of the global lock, and the flag guards the value.
unsafe impl<T: Send> Sync for Attached<T> {}

impl<T> Attached<T> {
    /// Nothing of Python's may be called before the guard is gone: it could come back here.
    pub(super) fn lock(&self, _py: Python<'_>) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }

    /// For the garbage collector. Whoever has a guard has it on a stack, so this is no garbage.
    pub(super) fn look(&self, _visit: &PyVisit<'_>) -> Option<Ref<'_, T>> {
        self.0.try_borrow().ok()
    }
}
