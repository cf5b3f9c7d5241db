//! Looking at every frame.
//!
//! Owns the interface through which an observer sees what the decoder sees. Knows nothing of what the
//! observer does with it.

use crate::error::Violation;
use crate::frame::header::FrameHeader;
use alloc::boxed::Box;
use core::fmt;

/// An observer of every inbound frame: for inspectors, logs and debug builds.
///
/// For each frame comes its [`header`](Self::header), its [`place`](Self::place), its
/// [`payload`](Self::payload) in the pieces in which it arrived, and its [`end`](Self::end); a [`violation`](Self::violation) comes as soon as it
/// is found. Attach it with [`Connection::set_tap`](crate::Connection::set_tap). A connection without
/// a tap pays nothing for it.
pub trait Tap: Send {
    /// A frame begins. Unless the tap is lenient, a header whose first two bytes break a rule may be
    /// shown before the rest of it is there: without its mask and its long length.
    fn header(&mut self, header: &FrameHeader);

    /// What the frame is to its message, behind its header and the rules that the header breaks.
    fn place(&mut self, place: Place) {
        let _ = place;
    }

    /// The next bytes of its payload, unmasked; still compressed where the message is.
    fn payload(&mut self, bytes: &[u8]);

    /// It is complete. `content` is how many bytes it added to its message after inflation.
    fn end(&mut self, content: u64);

    /// It breaks a rule.
    fn violation(&mut self, violation: &Violation);
}

/// What a frame is to its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A control frame: it stands between the frames of messages.
    Control,
    /// A fragment of the message in progress, or all of it.
    Message {
        /// It begins the message.
        first: bool,
        /// It ends the message.
        last: bool,
        /// The message is compressed.
        compressed: bool,
    },
    /// It belongs to no message: it breaks a rule, and a lenient tap passes over its payload.
    PassedOver,
}

/// The tap of a connection, and whether it is lenient.
pub(crate) struct Attached {
    pub(crate) tap: Box<dyn Tap>,
    /// Report violations and go on, instead of failing the connection.
    pub(crate) lenient: bool,
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("lenient", &self.lenient).finish_non_exhaustive()
    }
}
