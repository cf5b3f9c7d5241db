//! The connections of a thread, by id.
//!
//! Owns where they are kept and which time holds for them. Ids are small numbers, since nothing crosses
//! the border to JavaScript faster. Knows nothing of that border.

use polywire::{Connection, Instant, Prepared};
use polywire_bridge::clock;
use std::cell::RefCell;

/// A connection, and what belongs to it on this side of the border.
pub(crate) struct Slot {
    pub(crate) connection: Connection,
    /// The time that the host told, where it has a clock of its own.
    time: Option<Instant>,
    /// For when the host has set a timer.
    pub(crate) timer: Option<Instant>,
    /// Whether the message that is being sent in parts is text.
    pub(crate) part_is_text: Option<bool>,
}

impl Slot {
    pub(crate) fn new(connection: Connection, time: Option<Instant>) -> Self {
        Self { connection, time, timer: None, part_is_text: None }
    }

    pub(crate) fn now(&self) -> Instant {
        self.time.unwrap_or_else(clock::now)
    }

    pub(crate) fn set_time(&mut self, time: Instant) {
        self.time = Some(time);
    }
}

/// Values by the smallest numbers that are free.
struct Table<T> {
    entries: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Table<T> {
    const fn new() -> Self {
        Self { entries: Vec::new(), free: Vec::new() }
    }

    fn insert(&mut self, value: T) -> u32 {
        if let Some(id) = self.free.pop() {
            self.entries[id as usize] = Some(value);
            return id;
        }
        self.entries.push(Some(value));
        u32::try_from(self.entries.len() - 1).expect("fewer than 2^32 connections fit in memory")
    }

    fn slot(&mut self, id: u32) -> Option<&mut T> {
        self.entries.get_mut(id as usize)?.as_mut()
    }

    fn remove(&mut self, id: u32) -> Option<T> {
        let value = self.entries.get_mut(id as usize)?.take();
        if value.is_some() {
            self.free.push(id);
        }
        value
    }
}

thread_local! {
    static SLOTS: RefCell<Table<Box<Slot>>> = const { RefCell::new(Table::new()) };
    static PREPARED: RefCell<Table<Prepared>> = const { RefCell::new(Table::new()) };
    static LARGE: RefCell<Table<Vec<u8>>> = const { RefCell::new(Table::new()) };
}

/// Keeps a connection until it is [dropped](drop_connection).
pub(crate) fn keep_connection(slot: Slot) -> u32 {
    SLOTS.with_borrow_mut(|slots| slots.insert(Box::new(slot)))
}

/// Does something with a connection, unless it was dropped.
pub(crate) fn with<R>(id: u32, act: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    SLOTS.with_borrow_mut(|slots| slots.slot(id).map(|slot| act(slot)))
}

pub(crate) fn drop_connection(id: u32) {
    SLOTS.with_borrow_mut(|slots| slots.remove(id));
}

/// Keeps a message for many connections.
pub(crate) fn keep_prepared(prepared: Prepared) -> u32 {
    PREPARED.with_borrow_mut(|table| table.insert(prepared))
}

pub(crate) fn prepared(id: u32) -> Option<Prepared> {
    PREPARED.with_borrow_mut(|table| table.slot(id).cloned())
}

pub(crate) fn drop_prepared(id: u32) {
    PREPARED.with_borrow_mut(|table| table.remove(id));
}

/// Keeps a payload that is too large for the shared memory until it is taken.
pub(crate) fn keep_large(payload: Vec<u8>) -> u32 {
    LARGE.with_borrow_mut(|table| table.insert(payload))
}

pub(crate) fn take_large(id: u32) -> Vec<u8> {
    LARGE.with_borrow_mut(|table| table.remove(id)).unwrap_or_default()
}
