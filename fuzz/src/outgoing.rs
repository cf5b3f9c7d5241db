//! Messages to send, chosen by the fuzzer: every kind of ownership, compression and command.
//!
//! Owns the one byte that says how. Knows nothing of what becomes of them.

use crate::input::Input;
use polywire::{Message, Prepared, Sender, UsageError};

#[derive(Clone, Debug)]
pub struct Outgoing {
    pub text: bool,
    pub bytes: Vec<u8>,
    how: u8,
}

/// By which command a message goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Send,
    Prepared,
    Part { last: bool },
}

impl Outgoing {
    pub fn read(input: &mut Input<'_>) -> Self {
        let how = input.byte();
        Self::new(how, input.chunk())
    }

    pub fn new(how: u8, payload: &[u8]) -> Self {
        let text = how & 3 == 0;
        let bytes = match text {
            true => String::from_utf8_lossy(payload).into_owned().into_bytes(),
            false => payload.to_vec(),
        };
        Self { text, bytes, how }
    }

    pub fn command(&self) -> Command {
        match self.how >> 6 {
            0 => Command::Send,
            1 => Command::Prepared,
            2 => Command::Part { last: false },
            _ => Command::Part { last: true },
        }
    }

    /// Hands it to the sender by its command.
    pub fn send(&self, sender: &mut Sender) -> Result<(), UsageError> {
        match self.command() {
            Command::Send => sender.send(self.message()),
            Command::Prepared => sender.send_prepared(&Prepared::new(self.message())),
            Command::Part { last } => sender.send_part(self.message(), last),
        }
    }

    fn message(&self) -> Message<'_> {
        let text = || std::str::from_utf8(&self.bytes).expect("made from a string");
        let message: Message<'_> = match self.how & 3 {
            0 if self.how & 0x20 == 0 => text().into(),
            0 => text().to_owned().into(),
            1 => self.bytes.as_slice().into(),
            2 => self.bytes.clone().into(),
            _ => Message::shared(self.bytes.as_slice().into()),
        };
        match self.how >> 2 & 3 {
            0 | 1 => message,
            2 => message.uncompressed(),
            _ => message.level(self.how >> 4 & 3),
        }
    }
}
