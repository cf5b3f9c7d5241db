//! The same frames to our server and to those of others: equal messages, and equal acceptance, or a
//! rule that says why not. `DIFFERENCES.md` explains each rule.

mod peers;

use crate::frames;
use crate::input::Input;
use crate::settings::START;
use polywire::handshake::Agreement;
use polywire::{Config, Connection, Event, Limits, Role, Rule, Timeouts, Violation};
use std::sync::Arc;

/// Bytes in a message or frame, for everyone.
pub const LIMIT: usize = 1 << 16;

/// What a server made of a stream.
#[derive(Debug, Default, PartialEq)]
pub struct Account {
    pub heard: Vec<Heard>,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

#[derive(Debug, Default, PartialEq)]
pub enum Verdict {
    /// Waits for more.
    #[default]
    Open,
    /// The peer's close, with its code.
    Closed(Option<u16>),
    Rejected(String),
}

pub fn check(bytes: &[u8]) {
    let stream = frames::stream(Role::Client, Input::new(bytes));
    let (ours, violation) = ours(&stream);
    for peer in peers::ALL {
        let theirs = (peer.run)(&stream);
        if let Err(problem) = compare(peer, &stream, &ours, violation, &theirs) {
            panic!("{}: {problem}\nours {ours:?}\ntheirs {theirs:?}", peer.name);
        }
    }
}

fn ours(stream: &[u8]) -> (Account, Option<Violation>) {
    let limits = Limits {
        message_size: LIMIT as u64,
        frame_size: LIMIT as u64,
        send_queue: usize::MAX,
        ..Limits::default()
    };
    let timeouts = Timeouts { keepalive: None, ..Timeouts::default() };
    let config = Arc::new(Config { limits, timeouts, ..Config::default() });
    let mut connection =
        Connection::new(Role::Server, config, &Agreement::default(), [0; 32], START);
    let mut account = Account::default();
    let mut failure = None;
    let mut stream = stream.to_vec();
    let mut events = connection.receive_in(&mut stream, START);
    while let Some((event, _)) = events.next() {
        match event {
            Event::Text(text) => account.heard.push(Heard::Text(text.into())),
            Event::Binary(bytes) => account.heard.push(Heard::Binary(bytes.into())),
            Event::Ping(payload) => account.heard.push(Heard::Ping(payload.into())),
            Event::Pong { payload, .. } => account.heard.push(Heard::Pong(payload.into())),
            Event::Close { code, .. } => {
                account.verdict = Verdict::Closed(code.map(|code| code.0));
            }
            Event::Failed(violation) => {
                account.verdict = Verdict::Rejected(violation.to_string());
                failure = Some(violation);
            }
            Event::Chunk { .. } | Event::Ended(_) => {}
        }
    }
    (account, failure)
}

fn compare(
    peer: &peers::Peer,
    stream: &[u8],
    ours: &Account,
    violation: Option<Violation>,
    theirs: &Account,
) -> Result<(), &'static str> {
    if let Some(violation) = violation {
        if !theirs.heard.starts_with(&ours.heard) {
            return Err("not even what came before the violation is the same");
        }
        let offset = usize::try_from(violation.offset).expect("within the stream");
        let frame = &stream[offset..];
        let tolerated = (peer.tolerates)(violation.rule, frame) || is_early(frame, violation.rule);
        let rejected = matches!(theirs.verdict, Verdict::Rejected(_)) && theirs.heard == ours.heard;
        return if rejected || tolerated { Ok(()) } else { Err("accepts what we reject") };
    }
    if let Verdict::Rejected(reason) = &theirs.verdict {
        let waits = is_late(stream) && ours.heard == theirs.heard;
        let known = waits || (peer.stricter)(reason, ours) && ours.heard.starts_with(&theirs.heard);
        return if known { Ok(()) } else { Err("rejects what we accept") };
    }
    let renamed = matches!(ours.verdict, Verdict::Closed(Some(code)) if peer.forbids.contains(&code))
        && theirs.verdict == Verdict::Closed(Some(1002));
    if ours == theirs || renamed && ours.heard == theirs.heard {
        Ok(())
    } else {
        Err("hears something else")
    }
}

/// Whether we failed before the frame or message at fault was complete, as others need not.
fn is_early(frame: &[u8], rule: Rule) -> bool {
    let complete = frames::announced(frame).is_some_and(|len| len <= frame.len() as u64);
    let last = frame.first().is_some_and(|first| first & 0x80 != 0);
    !complete || rule == Rule::TextNotUtf8 && !last
}

/// Whether we wait for the end of a header, or of a control frame, before we judge it.
fn is_late(stream: &[u8]) -> bool {
    let frame = frames::unfinished(stream);
    let control = frame.first().is_some_and(|first| first & 0x08 != 0);
    !frame.is_empty() && (control || frames::announced(frame).is_none())
}
