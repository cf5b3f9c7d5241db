//! The other implementations, each driven as its documentation says, and how they are known to differ.

use super::{Account, Heard, LIMIT, Verdict};
use crate::frames;
use futures_core::Stream;
use polywire::Rule;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::{Limits, ServerBuilder};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

pub struct Peer {
    pub name: &'static str,
    pub run: fn(&[u8]) -> Account,
    /// Whether it accepts the frame, which breaks this rule, although the RFC forbids it.
    pub tolerates: fn(rule: Rule, frame: &[u8]) -> bool,
    /// Close codes that it takes for forbidden, and reports as 1002.
    pub forbids: &'static [u16],
    /// Whether it is known to reject, for this reason, what is allowed.
    pub stricter: fn(reason: &str, ours: &Account) -> bool,
}

pub const ALL: &[Peer] = &[
    Peer {
        name: "tungstenite",
        run: tungstenite,
        tolerates: |rule, frame| match rule {
            Rule::LengthNotMinimal | Rule::CloseCodeInvalid => true,
            // The same in a control frame: more bytes than its short length needs.
            Rule::ControlTooLong => frames::announced(frame).is_some_and(|len| len <= 125 + 14),
            _ => false,
        },
        forbids: &[1014],
        stricter: |_, _| false,
    },
    Peer {
        name: "tokio-websockets",
        run: tokio_websockets,
        tolerates: |rule, frame| rule == Rule::TextNotUtf8 && frame.get(1) == Some(&0x80),
        forbids: &[],
        stricter: |_, _| false,
    },
];

/// A socket with these bytes to read, and then nothing; it swallows what is written.
struct Socket(io::Cursor<Vec<u8>>);

impl Socket {
    fn new(stream: &[u8]) -> Self {
        Self(io::Cursor::new(stream.to_vec()))
    }
}

impl io::Read for Socket {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self.0.read(space)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl io::Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match io::Read::read(&mut *self, buffer.initialize_unfilled()) {
            Ok(count) => {
                buffer.advance(count);
                Poll::Ready(Ok(()))
            }
            Err(_) => Poll::Pending,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn tungstenite(stream: &[u8]) -> Account {
    let config = WebSocketConfig::default()
        .max_message_size(Some(LIMIT))
        .max_frame_size(Some(LIMIT))
        .read_buffer_size(4096);
    let mut socket = WebSocket::from_raw_socket(Socket::new(stream), Role::Server, Some(config));
    let mut account = Account::default();
    loop {
        let heard = match socket.read() {
            Ok(Message::Text(text)) => Heard::Text(text.as_bytes().to_vec()),
            Ok(Message::Binary(bytes)) => Heard::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Heard::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Heard::Pong(bytes.to_vec()),
            Ok(Message::Close(frame)) => {
                account.verdict = Verdict::Closed(frame.map(|frame| frame.code.into()));
                return account;
            }
            Ok(Message::Frame(_)) => continue,
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return account;
            }
            Err(error) => {
                account.verdict = Verdict::Rejected(error.to_string());
                return account;
            }
        };
        account.heard.push(heard);
    }
}

fn tokio_websockets(stream: &[u8]) -> Account {
    let limits = Limits::default().max_payload_len(Some(LIMIT));
    let mut socket = ServerBuilder::new().limits(limits).serve(Socket::new(stream));
    let mut context = Context::from_waker(Waker::noop());
    let mut account = Account::default();
    while let Poll::Ready(next) = Pin::new(&mut socket).poll_next(&mut context) {
        let message = match next {
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                account.verdict = Verdict::Rejected(error.to_string());
                return account;
            }
            None => return account,
        };
        if let Some((code, _)) = message.as_close() {
            // It says 1005 for no code.
            let code = u16::from(code);
            account.verdict = Verdict::Closed((code != 1005).then_some(code));
            return account;
        }
        let bytes = message.as_payload().to_vec();
        account.heard.push(match message {
            message if message.is_text() => Heard::Text(bytes),
            message if message.is_binary() => Heard::Binary(bytes),
            message if message.is_ping() => Heard::Ping(bytes),
            _ => Heard::Pong(bytes),
        });
    }
    account
}
