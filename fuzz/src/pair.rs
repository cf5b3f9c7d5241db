//! A client and a server of ours, back to back and without faults: everything that one end says
//! arrives at the other, in order and once, whatever both say and wherever the streams are cut; and
//! what is compressed keeps to the agreed window.

use crate::frames;
use crate::input::Input;
use crate::outgoing::{Command, Outgoing};
use crate::reference::Inflater;
use crate::settings::{START, Settings};
use polywire::{
    Cause, CloseCode, Connection, Data, Event, Events, Instant, Limits, Role, Socket, Timeouts,
};
use std::collections::VecDeque;
use std::time::Duration;

/// Most operations of one input.
const OPERATIONS: usize = 500;

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let client = Settings::read(&mut input);
    let server = Settings::read(&mut input);
    let mut pair = Pair::new(client, server);
    for _ in 0..OPERATIONS {
        if input.is_empty() {
            break;
        }
        pair.operation(&mut input);
    }
    pair.finish();
}

/// What one end said and the other must hear, pongs apart.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Message(bool, Vec<u8>),
    Ping(Vec<u8>),
    Close(Option<CloseCode>, String),
}

pub struct Pair {
    ends: [End; 2],
    now: Instant,
}

struct End {
    connection: Connection,
    talk: Talk,
}

/// What one end has said and heard.
struct Talk {
    settings: Settings,
    said: VecDeque<Said>,
    /// The message being sent in parts.
    parts: Option<(bool, Vec<u8>)>,
    /// Pongs that answer no ping.
    pongs: VecDeque<Vec<u8>>,
    pings: Vec<Vec<u8>>,
    /// The last ping is not answered yet.
    unanswered: bool,
    /// The message being heard in pieces.
    heard: Option<(bool, Vec<u8>)>,
    /// Everything that was sent.
    wire: Vec<u8>,
    messages: Vec<Vec<u8>>,
    closed: bool,
    ended: Option<Cause>,
}

impl Pair {
    /// Two ends with their own settings. What was agreed is the client's to say.
    pub fn new(client: Settings, server: Settings) -> Self {
        let deflate = client.deflate;
        let end = |role, mut settings: Settings| {
            let Limits { send_queue, queued_pongs, .. } = settings.config.limits;
            settings.role = role;
            settings.deflate = deflate;
            settings.config.limits = Limits { send_queue, queued_pongs, ..Limits::default() };
            settings.config.timeouts = Timeouts { keepalive: None, ..Timeouts::default() };
            End::new(settings)
        };
        Self { ends: [end(Role::Client, client), end(Role::Server, server)], now: START }
    }

    fn operation(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        let speaker = usize::from(choice >> 7);
        match choice & 7 {
            0..=2 => self.send(speaker, &Outgoing::read(input)),
            3 => self.ends[speaker].ping_or_pong(input, self.now),
            4 if choice & 0x70 == 0x70 => self.ends[speaker].close(input, self.now),
            4 => self.now = self.now + Duration::from_millis(input.byte().into()),
            5 => self.ends[speaker].connection.shrink(),
            _ => {
                let count = input.length();
                self.deliver(speaker, count, choice >> 4 & 1 != 0);
            }
        }
    }

    pub fn send(&mut self, speaker: usize, outgoing: &Outgoing) {
        self.ends[speaker].send(outgoing, self.now);
    }

    /// Carries up to `count` bytes from one end to the other.
    pub fn deliver(&mut self, speaker: usize, count: usize, own: bool) -> usize {
        let [client, server] = &mut self.ends;
        let (from, to) = if speaker == 0 { (client, server) } else { (server, client) };
        let queued = from.connection.transmit().flatten();
        let mut bytes: Vec<u8> = queued.take(count).copied().collect();
        from.connection.transmitted(bytes.len());
        from.talk.wire.extend_from_slice(&bytes);
        if own {
            to.hear_in_own_buffer(&mut from.talk, &bytes, self.now);
        } else {
            let events = to.connection.receive_in(&mut bytes, self.now);
            to.talk.hear(events, &mut from.talk);
        }
        bytes.len()
    }

    fn deliver_all(&mut self) {
        while self.deliver(0, usize::MAX, false) + self.deliver(1, usize::MAX, true) > 0 {}
    }

    /// All is heard, then both close.
    pub fn finish(mut self) {
        self.deliver_all();
        let closing = self.ends.iter().any(|end| end.talk.closed);
        for [one, other] in [[0, 1], [1, 0]] {
            let answers = self.ends[other].talk.settings.config.answer_pings && !closing;
            assert!(!(answers && self.ends[one].talk.unanswered), "the last ping has no pong");
        }
        let close = self.ends[0].connection.sender(self.now).close(Some(CloseCode(4000)), "end");
        if close.is_ok() {
            let talk = &mut self.ends[0].talk;
            talk.said.push_back(Said::Close(Some(CloseCode(4000)), "end".into()));
            talk.closed = true;
        }
        self.deliver_all();
        assert_ne!(self.ends[1].connection.wants().socket, Socket::Keep);
        self.end_of_stream(1);
        self.end_of_stream(0);
        for End { connection, talk } in &self.ends {
            assert_eq!(talk.ended, Some(Cause::Closed), "{:?}", talk.settings.role);
            assert!(talk.said.is_empty(), "never heard: {:?}", talk.said);
            assert!(talk.pongs.is_empty(), "never heard: pongs {:?}", talk.pongs);
            assert_eq!(connection.wants().socket, Socket::Close);
            talk.check_wire();
        }
    }

    fn end_of_stream(&mut self, speaker: usize) {
        let [client, server] = &mut self.ends;
        let (from, to) = if speaker == 0 { (client, server) } else { (server, client) };
        to.talk.hear(to.connection.receive_eof(self.now), &mut from.talk);
    }
}

impl End {
    fn new(settings: Settings) -> Self {
        let connection = settings.connection();
        let talk = Talk {
            settings,
            said: VecDeque::new(),
            parts: None,
            pongs: VecDeque::new(),
            pings: Vec::new(),
            unanswered: false,
            heard: None,
            wire: Vec::new(),
            messages: Vec::new(),
            closed: false,
            ended: None,
        };
        Self { connection, talk }
    }

    fn send(&mut self, outgoing: &Outgoing, now: Instant) {
        if outgoing.send(self.connection.sender(now)).is_err() {
            return;
        }
        let talk = &mut self.talk;
        let (text, bytes) = (outgoing.text, outgoing.bytes.clone());
        let whole = match outgoing.command() {
            Command::Send | Command::Prepared => Some((text, bytes)),
            Command::Part { last } => {
                let (_, parts) = talk.parts.get_or_insert((text, Vec::new()));
                parts.extend(bytes);
                if last { talk.parts.take() } else { None }
            }
        };
        if let Some((text, bytes)) = whole {
            talk.messages.push(bytes.clone());
            talk.said.push_back(Said::Message(text, bytes));
        }
    }

    fn ping_or_pong(&mut self, input: &mut Input<'_>, now: Instant) {
        let ping = input.flag();
        let payload = input.chunk();
        let sender = self.connection.sender(now);
        if ping && sender.ping(payload).is_ok() {
            self.talk.said.push_back(Said::Ping(payload.to_vec()));
            self.talk.pings.push(payload.to_vec());
            self.talk.unanswered = true;
        } else if !ping && sender.pong(payload).is_ok() {
            self.talk.pongs.push_back(payload.to_vec());
        }
    }

    fn close(&mut self, input: &mut Input<'_>, now: Instant) {
        let code = u16::from_be_bytes([input.byte(), input.byte()]);
        let code = (code != 0).then_some(CloseCode(code));
        let reason = String::from_utf8_lossy(input.chunk()).into_owned();
        if self.connection.sender(now).close(code, &reason).is_ok() {
            self.talk.said.push_back(Said::Close(code, reason));
            self.talk.closed = true;
        }
    }

    fn hear_in_own_buffer(&mut self, from: &mut Talk, mut bytes: &[u8], now: Instant) {
        while !bytes.is_empty() {
            let space = self.connection.receive_buffer();
            let (front, after) = bytes.split_at(space.len().min(bytes.len()));
            space[..front.len()].copy_from_slice(front);
            bytes = after;
            self.talk.hear(self.connection.received(front.len(), now), from);
        }
    }
}

impl Talk {
    fn hear(&mut self, mut events: Events<'_, '_>, from: &mut Self) {
        while let Some((event, _)) = events.next() {
            match event {
                Event::Text(text) => from.is_next(&Said::Message(true, text.into())),
                Event::Binary(bytes) => from.is_next(&Said::Message(false, bytes.into())),
                Event::Chunk { data, last } => self.hear_piece(data, last, from),
                Event::Ping(payload) => from.is_next(&Said::Ping(payload.into())),
                Event::Pong { payload, .. } => {
                    if from.pongs.front().is_some_and(|pong| pong == payload) {
                        from.pongs.pop_front();
                    } else {
                        assert!(self.pings.iter().any(|ping| ping == payload), "a stray pong");
                    }
                    self.unanswered &= self.pings.last().is_some_and(|last| last != payload);
                }
                Event::Close { code, reason } => self.hear_close(code, reason, from),
                Event::Failed(violation) => panic!("{violation}"),
                Event::Ended(end) => assert_eq!(self.ended.replace(end.cause), None, "ended twice"),
            }
        }
    }

    fn hear_piece(&mut self, data: Data<'_>, last: bool, from: &mut Self) {
        let text = matches!(data, Data::Text(_));
        let (kind, all) = self.heard.get_or_insert((text, Vec::new()));
        assert_eq!(*kind, text, "the kind of a message changed");
        all.extend_from_slice(data.as_bytes());
        if last && let Some((text, bytes)) = self.heard.take() {
            from.is_next(&Said::Message(text, bytes));
        }
    }

    /// The peer's own close, or its answer to this end's.
    fn hear_close(&mut self, code: Option<CloseCode>, reason: &str, from: &mut Self) {
        if from.closed {
            from.is_next(&Said::Close(code, reason.into()));
        } else {
            assert!(self.closed && reason.is_empty(), "a close that nobody sent");
            from.closed = true;
        }
        if let Some((_, heard)) = self.heard.take() {
            let (_, said) = from.parts.take().expect("a message without an end");
            assert!(said.starts_with(&heard), "a message that nobody sent");
        }
    }

    /// What was heard is what this end said next.
    fn is_next(&mut self, heard: &Said) {
        assert_eq!(self.said.pop_front().as_ref(), Some(heard));
    }

    /// The frames are well-formed, and an inflater that keeps to the agreed window reads them.
    fn check_wire(&self) {
        let Settings { role, deflate, .. } = self.settings;
        let frames = frames::read(role, deflate.is_some(), &self.wire);
        let mut inflater = deflate.map(|params| match role {
            Role::Client => {
                Inflater::new(params.client_max_window_bits, params.client_no_context_takeover)
            }
            Role::Server => {
                Inflater::new(params.server_max_window_bits, params.server_no_context_takeover)
            }
        });
        let mut messages = self.messages.iter();
        let mut gathered = Vec::new();
        let mut compressed = false;
        for frame in frames.iter().filter(|frame| frame.opcode() < 8) {
            compressed |= frame.compressed();
            gathered.extend_from_slice(&frame.payload);
            if !frame.fin() {
                continue;
            }
            let payload = std::mem::take(&mut gathered);
            let content = match &mut inflater {
                Some(inflater) if std::mem::take(&mut compressed) => {
                    inflater.message(&payload).expect("DEFLATE within the agreed window")
                }
                _ => payload,
            };
            assert_eq!(Some(&content), messages.next(), "the wire says something else");
        }
    }
}
