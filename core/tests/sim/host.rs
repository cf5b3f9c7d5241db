//! A host as the documentation asks for: it does what `wants` says, and nothing else.
//!
//! Owns one end of a link: its socket, its handshake and its connection, an application that carries
//! out a plan, and a log of everything that happened. Judges nothing but what must hold at each step.

use crate::dice::Dice;
use crate::link::{Pipe, Read};
use core::task::Poll;
use polywire::handshake::{
    Agreement, ClientHandshake, Fault, HandshakeError, Refusal, ServerHandshake, Upgrade,
};
use polywire::{
    CloseCode, Config, Connection, Data, Ended, Event, Events, Instant, Prepared, Role, Sender,
    Socket, UsageError, Violation,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What the application does next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Text(String),
    Binary(Vec<u8>),
    Prepared(Vec<u8>),
    Part(String, bool),
    Ping(Vec<u8>),
    /// Waits until so many messages came, but not beyond this time.
    Await(usize, Instant),
    Close(Option<CloseCode>, &'static str),
    Abort,
}

/// How a host takes bytes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    In,
    /// One event at a time, the rest of the chunk brought again.
    Paused,
    Own,
    /// The same, but one event at a time.
    OwnPaused,
}

impl Door {
    fn is_own(self) -> bool {
        matches!(self, Self::Own | Self::OwnPaused)
    }
}

/// Everything that happened, for the judge.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) established: Option<Instant>,
    /// When how many bytes of the inbound stream were read, heads included.
    pub(crate) reads: Vec<(Instant, usize)>,
    pub(crate) eof: Option<Instant>,
    /// When a message was sent or received.
    pub(crate) messages: Vec<Instant>,
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) received: Vec<Vec<u8>>,
    pub(crate) closed: Option<Instant>,
    pub(crate) aborted: Option<Instant>,
    pub(crate) violation: Option<Violation>,
    pub(crate) peer_close: Option<Option<CloseCode>>,
    pub(crate) ended: Option<(Instant, Ended)>,
    /// How many bytes were read until then.
    pub(crate) read_at_end: usize,
    pub(crate) fault: Option<(Instant, Fault)>,
    pub(crate) timeouts: usize,
    pub(crate) most_heap: usize,
}

#[derive(Debug)]
enum Stage {
    Client(Box<ClientHandshake>),
    Server(Option<ServerHandshake>),
    Open(Box<Connection>),
    /// A refusal is written; the client gets time to read it.
    Refused(Instant),
    Gone,
}

#[derive(Debug)]
pub(crate) struct Host {
    role: Role,
    config: Arc<Config>,
    door: Door,
    /// Answers each message with the same.
    echoes: bool,
    plan: VecDeque<Act>,
    dice: Dice,
    stage: Stage,
    /// Bytes of the handshake that are not written yet.
    head: Vec<u8>,
    /// A message received or sent in parts, as far as it got.
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    shut: bool,
    pub(crate) log: Log,
}

const REFUSAL_LINGERS: Duration = Duration::from_secs(5);

impl Host {
    pub(crate) fn client(handshake: (ClientHandshake, Vec<u8>), end: End) -> Self {
        Self::new(Role::Client, Stage::Client(Box::new(handshake.0)), handshake.1, end)
    }

    pub(crate) fn server(handshake: ServerHandshake, end: End) -> Self {
        Self::new(Role::Server, Stage::Server(Some(handshake)), Vec::new(), end)
    }

    fn new(role: Role, stage: Stage, head: Vec<u8>, end: End) -> Self {
        let End { config, door, echoes, plan, dice } = end;
        Self {
            role,
            config,
            door,
            echoes,
            plan: plan.into(),
            dice,
            stage,
            head,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            shut: false,
            log: Log::default(),
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    /// The next moment at which this host has something to do by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = match &self.stage {
            Stage::Client(handshake) => handshake.deadline(),
            Stage::Server(handshake) => handshake.as_ref().and_then(ServerHandshake::deadline),
            Stage::Open(connection) => connection.wants().deadline,
            Stage::Refused(until) => Some(*until),
            Stage::Gone => None,
        };
        let plan = match (self.plan.front(), &self.stage) {
            (Some(Act::Await(_, until)), Stage::Open(_)) => Some(*until),
            _ => None,
        };
        own.into_iter().chain(plan).min()
    }

    /// Whether it waits for bytes.
    pub(crate) fn reads(&self) -> bool {
        match &self.stage {
            Stage::Open(connection) => connection.wants().read,
            Stage::Gone => false,
            Stage::Client(_) | Stage::Server(_) | Stage::Refused(_) => self.log.eof.is_none(),
        }
    }

    /// Does each thing that can be done now once. Returns whether there was any.
    pub(crate) fn step(&mut self, now: Instant, from: &mut Pipe, to: &mut Pipe) -> bool {
        let mut progress = self.keep_deadline(now);
        progress |= self.reads() && self.read(now, from);
        progress |= self.act(now);
        progress |= self.write(now, to);
        self.measure();
        progress | self.tend_socket(now, from, to)
    }

    fn keep_deadline(&mut self, now: Instant) -> bool {
        let due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        match &mut self.stage {
            Stage::Client(handshake) if due(handshake.deadline()) => {
                let outcome = handshake.handle_timeout(now);
                self.fail(outcome, now);
            }
            Stage::Server(Some(handshake)) if due(handshake.deadline()) => {
                let outcome = handshake.handle_timeout(now);
                self.decide(outcome, now);
            }
            Stage::Open(connection) if due(connection.wants().deadline) => {
                self.log.timeouts += 1;
                let mut app = App::of(&mut self.log, &mut self.incoming, self.echoes, now);
                app.take_all(connection.handle_timeout(now));
            }
            _ => return false,
        }
        true
    }

    fn read(&mut self, now: Instant, from: &mut Pipe) -> bool {
        let most = match &mut self.stage {
            Stage::Open(connection) if self.door.is_own() => connection.receive_buffer().len(),
            _ => usize::MAX,
        };
        match from.read(most, now) {
            Read::Nothing => return false,
            Read::Bytes(bytes) => {
                let mut bytes = bytes.to_vec();
                self.log.reads.push((now, bytes.len()));
                self.receive(&mut bytes, now);
            }
            Read::End => {
                // A host that still wanted to read would be told of the end again and again.
                assert!(self.log.eof.replace(now).is_none(), "reads behind the end of the stream");
                self.receive_eof(now);
            }
        }
        true
    }

    fn receive(&mut self, bytes: &mut [u8], now: Instant) {
        match &mut self.stage {
            Stage::Client(handshake) => {
                let outcome = handshake.receive(bytes, now);
                self.fail(outcome, now);
            }
            Stage::Server(Some(handshake)) => {
                let outcome = handshake.receive(bytes, now);
                self.decide(outcome, now);
            }
            Stage::Open(_) => self.receive_frames(bytes, now),
            Stage::Server(None) | Stage::Refused(_) | Stage::Gone => {}
        }
    }

    fn receive_eof(&mut self, now: Instant) {
        match &mut self.stage {
            Stage::Client(handshake) => {
                let outcome = handshake.receive_eof();
                self.fail(outcome, now);
            }
            Stage::Server(Some(handshake)) => {
                let outcome = handshake.receive_eof();
                self.decide(outcome, now);
            }
            Stage::Open(connection) => {
                let mut app = App::of(&mut self.log, &mut self.incoming, self.echoes, now);
                app.take_all(connection.receive_eof(now));
            }
            Stage::Server(None) | Stage::Refused(_) | Stage::Gone => {}
        }
    }

    fn receive_frames(&mut self, bytes: &mut [u8], now: Instant) {
        let door = self.door;
        let mut taken = 0;
        while taken < bytes.len() {
            let Stage::Open(connection) = &mut self.stage else { return };
            if door.is_own() {
                let space = connection.receive_buffer();
                let count = space.len().min(bytes.len() - taken);
                space[..count].copy_from_slice(&bytes[taken..taken + count]);
                taken += count;
                let mut app = App::of(&mut self.log, &mut self.incoming, self.echoes, now);
                if door == Door::Own {
                    app.take_all(connection.received(count, now));
                    continue;
                }
                let mut count = count;
                while let Some((event, sender)) = connection.received(count, now).next() {
                    app.take(event, sender);
                    count = 0;
                }
                continue;
            }
            let rest = &mut bytes[taken..];
            let len = rest.len();
            let mut app = App::of(&mut self.log, &mut self.incoming, self.echoes, now);
            let mut events = connection.receive_in(rest, now);
            let mut left = 0;
            while let Some((event, sender)) = events.next() {
                app.take(event, sender);
                if door == Door::Paused {
                    left = events.into_rest().len();
                    break;
                }
            }
            taken += len - left;
        }
        self.measure();
    }

    fn measure(&mut self) {
        if let Stage::Open(connection) = &self.stage {
            self.log.most_heap = self.log.most_heap.max(connection.heap_bytes());
        }
    }

    /// Takes the outcome of a client's handshake.
    fn fail<Head>(
        &mut self,
        outcome: Poll<Result<polywire::handshake::Established<Head>, HandshakeError>>,
        now: Instant,
    ) {
        match outcome {
            Poll::Pending => {}
            Poll::Ready(Ok(established)) => {
                self.open(&established.agreement, established.leftover, now);
            }
            Poll::Ready(Err(error)) => {
                self.log.fault = Some((now, error.fault));
                self.stage = Stage::Refused(now);
            }
        }
    }

    /// Takes the outcome of a server's handshake.
    fn decide(&mut self, outcome: Poll<Result<Upgrade, Refusal>>, now: Instant) {
        let Stage::Server(handshake) = &mut self.stage else { return };
        let accepted = match outcome {
            Poll::Pending => return,
            Poll::Ready(Ok(upgrade)) => handshake.take().map(|own| own.accept(upgrade)),
            Poll::Ready(Err(refusal)) => Some(Err(refusal)),
        };
        match accepted.expect("a handshake is decided once") {
            Ok((response, established)) => {
                self.head = response.to_bytes();
                self.open(&established.agreement, established.leftover, now);
            }
            Err(refusal) => {
                self.head = refusal.response.to_bytes();
                self.log.fault = Some((now, refusal.error.fault));
                self.stage = Stage::Refused(now + REFUSAL_LINGERS);
            }
        }
    }

    fn open(&mut self, agreement: &Agreement, mut leftover: Vec<u8>, now: Instant) {
        let mut seed = [0; 32];
        seed.fill_with(|| self.dice.next() as u8);
        let config = Arc::clone(&self.config);
        let connection = Connection::new(self.role, config, agreement, seed, now);
        self.stage = Stage::Open(Box::new(connection));
        self.log.established = Some(now);
        if !leftover.is_empty() {
            self.receive_frames(&mut leftover, now);
        }
    }

    /// Carries out as much of the plan as can be carried out.
    fn act(&mut self, now: Instant) -> bool {
        let Stage::Open(connection) = &mut self.stage else { return false };
        let mut progress = false;
        while let Some(act) = self.plan.front() {
            if let Act::Await(count, until) = *act
                && self.log.received.len() < count
                && now < until
                && connection.sender(now).is_open()
            {
                break;
            }
            match carry_out(act, connection.sender(now), &mut self.outgoing, &mut self.log, now) {
                Err(UsageError::QueueFull) => break,
                // A ping of this end inside a message of this end, as it should be.
                Ok(()) => {}
                Err(UsageError::NotOpen) => assert!(!connection.sender(now).is_open()),
                Err(error) => panic!("{act:?}: {error}"),
            }
            self.plan.pop_front();
            progress = true;
        }
        self.measure();
        progress
    }

    fn write(&mut self, now: Instant, to: &mut Pipe) -> bool {
        if self.is_gone() {
            return false;
        }
        if !self.head.is_empty() {
            let count = to.write(&self.head, now);
            self.head.drain(..count);
            return count > 0;
        }
        let Stage::Open(connection) = &mut self.stage else { return false };
        let queued = connection.transmit().next().is_some_and(|slice| !slice.is_empty());
        if !connection.wants().write {
            return false;
        }
        assert!(queued, "wants to write nothing");
        if self.dice.one_in(4) {
            let mut buffer = vec![0; to.room().min(64)];
            let count = connection.sender(now).transmit_into(&mut buffer);
            let mut written = 0;
            while written < count {
                written += to.write(&buffer[written..count], now);
            }
            return count > 0;
        }
        let slice = connection.transmit().next().unwrap_or_default();
        let count = to.write(slice, now);
        connection.transmitted(count);
        count > 0
    }

    fn tend_socket(&mut self, now: Instant, from: &mut Pipe, to: &mut Pipe) -> bool {
        let wanted = match &self.stage {
            // An end that the application caused itself is not announced yet.
            Stage::Open(connection) if connection.wants().deadline.is_some_and(|at| at <= now) => {
                Socket::Keep
            }
            Stage::Open(connection) if self.head.is_empty() => connection.wants().socket,
            Stage::Open(connection) => match connection.wants().socket {
                Socket::ShutdownWrite => Socket::Keep,
                other => other,
            },
            Stage::Refused(until) if *until <= now => Socket::Close,
            Stage::Refused(_) if !self.head.is_empty() => Socket::Keep,
            Stage::Refused(_) if self.log.eof.is_some() => Socket::Close,
            Stage::Refused(_) => Socket::ShutdownWrite,
            Stage::Client(_) | Stage::Server(_) | Stage::Gone => Socket::Keep,
        };
        if wanted == Socket::Keep || (wanted == Socket::ShutdownWrite && self.shut) {
            return false;
        }
        if !std::mem::replace(&mut self.shut, true) {
            to.shut(now);
        }
        if wanted == Socket::Close {
            from.reader_closes();
            self.bury(now);
        }
        true
    }

    /// A connection whose socket is closed says nothing any more, whatever is done to it.
    fn bury(&mut self, now: Instant) {
        let stage = std::mem::replace(&mut self.stage, Stage::Gone);
        let Stage::Open(mut connection) = stage else { return };
        assert!(self.log.ended.is_some(), "the socket is closed before the end");
        assert!(!connection.wants().write && connection.wants().socket == Socket::Close);
        let later = now + Duration::from_secs(1000);
        assert!(connection.handle_timeout(later).next().is_none());
        assert!(connection.receive_in(&mut [0x89, 0, 0x81, 1, 65], later).next().is_none());
        assert!(connection.receive_eof(later).next().is_none());
        assert_eq!(connection.sender(later).send("late"), Err(UsageError::NotOpen));
        let wants = connection.wants();
        assert!(!wants.read && !wants.write && wants.socket == Socket::Close);
        assert_eq!(wants.deadline, None);
    }
}

/// What both kinds of host need.
pub(crate) struct End {
    pub(crate) config: Arc<Config>,
    pub(crate) door: Door,
    pub(crate) echoes: bool,
    pub(crate) plan: Vec<Act>,
    pub(crate) dice: Dice,
}

fn carry_out(
    act: &Act,
    sender: &mut Sender,
    outgoing: &mut Vec<u8>,
    log: &mut Log,
    now: Instant,
) -> Result<(), UsageError> {
    let whole = match act {
        Act::Text(text) => sender.send(text.as_str()).map(|()| text.as_bytes()),
        Act::Binary(bytes) => sender.send(bytes.clone()).map(|()| &bytes[..]),
        Act::Prepared(bytes) => {
            sender.send_prepared(&Prepared::new(bytes.clone())).map(|()| &bytes[..])
        }
        Act::Part(text, last) => {
            sender.send_part(text.as_str(), *last)?;
            outgoing.extend_from_slice(text.as_bytes());
            log.messages.push(now);
            if *last {
                log.sent.push(std::mem::take(outgoing));
            }
            return Ok(());
        }
        Act::Ping(payload) => return sender.ping(payload),
        Act::Await(..) => return Ok(()),
        Act::Close(code, reason) => {
            sender.close(*code, reason)?;
            log.closed = Some(now);
            return Ok(());
        }
        Act::Abort => {
            sender.abort();
            log.aborted = Some(now);
            return Ok(());
        }
    };
    log.sent.push(whole?.to_vec());
    log.messages.push(now);
    Ok(())
}

/// The application inside the event loop.
struct App<'a> {
    log: &'a mut Log,
    incoming: &'a mut Vec<u8>,
    echoes: bool,
    now: Instant,
}

impl<'a> App<'a> {
    fn of(log: &'a mut Log, incoming: &'a mut Vec<u8>, echoes: bool, now: Instant) -> Self {
        Self { log, incoming, echoes, now }
    }

    fn take_all(&mut self, mut events: Events<'_, '_>) {
        while let Some((event, sender)) = events.next() {
            self.take(event, sender);
        }
    }

    fn take(&mut self, event: Event<'_>, sender: &mut Sender) {
        assert!(self.log.ended.is_none(), "{event:?} after the end");
        let message = !matches!(event, Event::Ended(_));
        let over = self.log.violation.is_some() || self.log.peer_close.is_some();
        assert!(!(over && message), "{event:?} after a close or a violation");
        match event {
            Event::Text(text) => self.message(Data::Text(text), sender),
            Event::Binary(bytes) => self.message(Data::Binary(bytes), sender),
            Event::Chunk { data, last } => {
                assert!(last || !data.as_bytes().is_empty(), "an empty chunk");
                self.incoming.extend_from_slice(data.as_bytes());
                if last {
                    let whole = std::mem::take(self.incoming);
                    self.message(Data::Binary(&whole), sender);
                }
            }
            Event::Ping(_) | Event::Pong { .. } => {}
            Event::Close { code, .. } => self.log.peer_close = Some(code),
            Event::Failed(violation) => self.log.violation = Some(violation),
            Event::Ended(ended) => {
                self.log.ended = Some((self.now, ended));
                self.log.read_at_end = self.log.reads.iter().map(|(_, len)| len).sum();
            }
        }
    }

    fn message(&mut self, data: Data<'_>, sender: &mut Sender) {
        self.log.messages.push(self.now);
        self.log.received.push(data.as_bytes().to_vec());
        if !self.echoes {
            return;
        }
        let sent = match data {
            Data::Text(text) => sender.send(text),
            Data::Binary(bytes) => sender.send(bytes),
        };
        if sent.is_ok() {
            self.log.sent.push(data.as_bytes().to_vec());
        }
    }
}
