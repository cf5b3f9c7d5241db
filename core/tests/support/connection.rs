//! Runs a vector of the kind `connection`: what goes in, step by step, and what must come out.

use super::cut::{Cut, Dice};
use super::data::{bytes, difference, hex, joined, list, short, string};
use super::frames;
use super::inflate::Inflater;
use super::settings;
use polywire::{
    CloseCode, Connection, Contexts, Data, Ended, Event, Events, Instant, Message, OwnedEvent,
    Prepared, Role, Sender, Socket, UsageError, Violation,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How the bytes of a step are cut, and by which door they go in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) cut: Cut,
    pub(crate) door: Door,
    pub(crate) contexts: Contexts,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Door {
    /// `receive_in`, with a buffer of the caller's.
    In,
    /// The same, but one event at a time: what is left of the chunk is brought again.
    Paused,
    /// `receive_buffer` and `received`, and messages that belong to the runner.
    Own,
}

/// Runs `vector` in one way; returns every event in full, to be compared with other ways.
pub(crate) fn run(vector: &Value, way: Way) -> Result<Vec<Value>, String> {
    settings::known(vector, &["id", "rfc", "origin", "note", "role", "config", "steps"]);
    let mut run = Run::new(vector, way);
    let mut trace = Vec::new();
    for (number, step) in list(&vector["steps"]).iter().enumerate() {
        let events = run.step(step).map_err(|problem| format!("step {}: {problem}", number + 1))?;
        trace.extend(events);
    }
    let left = run.output();
    let rest = frames::parse(&left, run.role == Role::Client).unwrap_or_default();
    match rest.front() {
        None if left.is_empty() => Ok(trace),
        None => Err(format!("unexpected output {}", hex(&left))),
        Some(frame) => Err(format!("unexpected {}", frames::told(frame))),
    }
}

struct Run {
    role: Role,
    connection: Connection,
    now: Instant,
    way: Way,
    dice: Dice,
    inflater: Option<Inflater>,
}

impl Run {
    fn new(vector: &Value, way: Way) -> Self {
        let role = match vector["role"].as_str() {
            Some("server") => Role::Server,
            Some("client") => Role::Client,
            other => panic!("role {other:?}"),
        };
        let config = settings::config(&vector["config"], way.contexts);
        let agreement = settings::agreement(&vector["config"]);
        let inflater = agreement.deflate.map(|params| match role {
            Role::Server => {
                Inflater::new(params.server_max_window_bits, params.server_no_context_takeover)
            }
            Role::Client => {
                Inflater::new(params.client_max_window_bits, params.client_no_context_takeover)
            }
        });
        let now = Instant::from_micros(1_000_000);
        let connection = Connection::new(role, Arc::new(config), &agreement, [7; 32], now);
        let dice = Dice::new(match way.cut {
            Cut::Random(seed) => seed,
            Cut::Whole | Cut::Bytes => 0,
        });
        Self { role, connection, now, way, dice, inflater }
    }

    fn step(&mut self, step: &Value) -> Result<Vec<Value>, String> {
        settings::known(
            step,
            &[
                "receive",
                "command",
                "error",
                "advance",
                "eof",
                "events",
                "sends",
                "output",
                "wants",
                "heap_at_most",
            ],
        );
        let events = if let Some(input) = step.get("receive") {
            self.receive(bytes(input))
        } else if let Some(command) = step.get("command") {
            self.command(command, &step["error"])?
        } else if let Some(millis) = step["advance"].as_u64() {
            self.advance(Duration::from_millis(millis))?
        } else {
            merge(self.collect(Connection::receive_eof))
        };
        expect_events(&list(&step["events"]), &events)?;
        if let Some(most) = step["heap_at_most"].as_u64() {
            let held = self.connection.heap_bytes();
            if held as u64 > most {
                return Err(format!("holds {held} bytes of heap, expected at most {most}"));
            }
        }
        if let Some(output) = step.get("output") {
            let (output, found) = (hex(&bytes(output)), hex(&self.output()));
            if found != output {
                return Err(format!("expected the output {output}, found {found}"));
            }
        }
        if step.get("sends").is_some() {
            self.expect_sends(&list(&step["sends"]))?;
        }
        match difference(&step["wants"], &self.wants()) {
            Some(problem) if step.get("wants").is_some() => Err(format!("wants: {problem}")),
            _ => Ok(events),
        }
    }

    fn receive(&mut self, mut input: Vec<u8>) -> Vec<Value> {
        let pieces = self.way.cut.pieces(input.len());
        let mut rest = &mut input[..];
        let mut events = Vec::new();
        for len in pieces {
            let (piece, after) = std::mem::take(&mut rest).split_at_mut(len);
            rest = after;
            match self.way.door {
                Door::In => {
                    events.extend(drain(self.connection.receive_in(piece, self.now)));
                }
                Door::Paused => self.receive_paused(piece, &mut events),
                Door::Own => self.receive_own(piece, &mut events),
            }
        }
        merge(events)
    }

    /// Takes one event, then brings what is left of the chunk again.
    fn receive_paused(&mut self, piece: &mut [u8], events: &mut Vec<Value>) {
        let mut taken = 0;
        loop {
            let mut pending = self.connection.receive_in(&mut piece[taken..], self.now);
            let Some((event, _)) = pending.next() else { return };
            events.push(told(event));
            let left = pending.into_rest().len();
            taken = piece.len() - left;
        }
    }

    fn receive_own(&mut self, mut piece: &[u8], events: &mut Vec<Value>) {
        while !piece.is_empty() {
            let space = self.connection.receive_buffer();
            let count = space.len().min(piece.len());
            let (now, after) = piece.split_at(count);
            space[..count].copy_from_slice(now);
            piece = after;
            let mut received = self.connection.received(count, self.now);
            while let Some((event, _)) = received.next_owned() {
                events.push(match event {
                    OwnedEvent::Text(text) => told(Event::Text(&text)),
                    OwnedEvent::Binary(bytes) => told(Event::Binary(&bytes)),
                    OwnedEvent::Other(event) => told(event),
                });
            }
        }
    }

    fn collect<F>(&mut self, input: F) -> Vec<Value>
    where
        F: FnOnce(&mut Connection, Instant) -> Events<'_, 'static>,
    {
        drain(input(&mut self.connection, self.now))
    }

    fn command(&mut self, command: &Value, error: &Value) -> Result<Vec<Value>, String> {
        let (name, argument) = command
            .as_object()
            .and_then(|fields| fields.iter().next())
            .expect("a command is an object with one field");
        if let Some(pausing) = name.strip_suffix("_reading") {
            match pausing {
                "pause" => self.connection.pause_reading(self.now),
                _ => self.connection.resume_reading(self.now),
            }
            return Ok(merge(self.collect(Connection::handle_timeout)));
        }
        let sender = self.connection.sender(self.now);
        let owned = self.way.door == Door::Own;
        let result = carry_out(sender, name, argument, owned).map_err(UsageError::code);
        match (result, error.as_str()) {
            (Ok(()), None) => {}
            (Err(found), Some(expected)) if found == expected => {}
            (result, expected) => return Err(format!("expected {expected:?}, found {result:?}")),
        }
        Ok(merge(self.collect(Connection::handle_timeout)))
    }

    /// Lets time pass: every deadline on the way is kept at its moment.
    fn advance(&mut self, by: Duration) -> Result<Vec<Value>, String> {
        let target = self.now + by;
        let mut events = Vec::new();
        while let Some(deadline) = self.connection.wants().deadline.filter(|&at| at <= target) {
            self.now = self.now.max(deadline);
            events.extend(self.collect(Connection::handle_timeout));
            if self.connection.wants().deadline == Some(deadline) {
                return Err("the deadline stays after it was handled".into());
            }
        }
        self.now = target;
        events.extend(self.collect(Connection::handle_timeout));
        Ok(merge(events))
    }

    /// Everything that is queued, as a socket would take it.
    fn output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        loop {
            let queued: Vec<u8> = self.connection.transmit().flatten().copied().collect();
            if queued.is_empty() {
                return output;
            }
            let count = match self.way.cut {
                Cut::Whole => queued.len(),
                Cut::Bytes => queued.len().min(1 + queued.len() / 50),
                Cut::Random(_) => 1 + self.dice.below(queued.len()),
            };
            output.extend_from_slice(&queued[..count]);
            self.connection.transmitted(count);
        }
    }

    fn expect_sends(&mut self, expected: &[Value]) -> Result<(), String> {
        let mut frames = frames::parse(&self.output(), self.role == Role::Client)?;
        for frame in expected {
            frames::expect(&mut frames, frame, &mut self.inflater)?;
        }
        match frames.front() {
            None => Ok(()),
            Some(frame) => Err(format!("unexpected {}", frames::told(frame))),
        }
    }

    fn wants(&self) -> Value {
        let wants = self.connection.wants();
        let socket = match wants.socket {
            Socket::Keep => "keep",
            Socket::ShutdownWrite => "shutdown_write",
            Socket::Close => "close",
        };
        let deadline = wants.deadline.map(|at| at.saturating_since(self.now).as_millis() as u64);
        json!({
            "read": wants.read, "write": wants.write, "socket": socket, "deadline_ms": deadline,
        })
    }
}

/// Content goes in borrowed or owned: that is another way through the queue.
fn carry_out(
    sender: &mut Sender,
    name: &str,
    argument: &Value,
    owned: bool,
) -> Result<(), UsageError> {
    let content = match name {
        "send_text" => Some(Content::Text(string(argument))),
        "send_binary" => Some(Content::Binary(bytes(argument))),
        "send_part" | "send_prepared" => Some(match argument.get("text") {
            Some(text) => Content::Text(string(text)),
            None => Content::Binary(bytes(&argument["binary"])),
        }),
        _ => None,
    };
    let message = content.as_ref().map(|content| content.message(owned));
    match (name, message) {
        ("send_part", Some(message)) => {
            let last = argument["last"].as_bool().expect("a part says whether it is the last");
            sender.send_part(message, last)
        }
        ("send_prepared", Some(message)) => sender.send_prepared(&Prepared::new(message)),
        (_, Some(message)) => sender.send(message),
        ("ping", _) => sender.ping(&bytes(argument)),
        ("pong", _) => sender.pong(&bytes(argument)),
        ("close", _) => {
            let code = argument["code"].as_u64().map(|code| CloseCode(code as u16));
            sender.close(code, &string(&argument["reason"]))
        }
        ("abort", _) => {
            sender.abort();
            Ok(())
        }
        _ => panic!("unknown command {name}"),
    }
}

enum Content {
    Text(String),
    Binary(Vec<u8>),
}

impl Content {
    fn message(&self, owned: bool) -> Message<'_> {
        match self {
            Self::Text(text) if owned => text.clone().into(),
            Self::Text(text) => text.into(),
            Self::Binary(bytes) if owned => bytes.clone().into(),
            Self::Binary(bytes) => bytes.into(),
        }
    }
}

fn drain(mut events: Events<'_, '_>) -> Vec<Value> {
    let mut told = Vec::new();
    while let Some((event, _)) = events.next() {
        told.push(self::told(event));
    }
    told
}

/// An event as it stands in a vector.
fn told(event: Event<'_>) -> Value {
    match event {
        Event::Text(text) => json!({ "text": text }),
        Event::Binary(bytes) => json!({ "binary": hex(bytes) }),
        Event::Chunk { data: Data::Text(text), last } => {
            json!({ "chunk": { "text": text, "last": last } })
        }
        Event::Chunk { data: Data::Binary(bytes), last } => {
            json!({ "chunk": { "binary": hex(bytes), "last": last } })
        }
        Event::Ping(payload) => json!({ "ping": hex(payload) }),
        Event::Pong { payload, rtt } => {
            let rtt = rtt.map(|rtt| rtt.as_millis() as u64);
            json!({ "pong": { "payload": hex(payload), "rtt_ms": rtt } })
        }
        Event::Close { code, reason } => {
            json!({ "close": { "code": code.map(|code| code.0), "reason": reason } })
        }
        Event::Failed(Violation { rule, found, offset }) => {
            json!({ "failed": { "rule": rule.code(), "found": found, "offset": offset } })
        }
        Event::Ended(ended) => json!({ "ended": told_end(ended) }),
    }
}

fn told_end(Ended { cause, code }: Ended) -> Value {
    use polywire::Cause;
    let (cause, rule) = match cause {
        Cause::Closed => ("closed", None),
        Cause::Violation(rule) => ("violation", Some(rule.code())),
        Cause::Lost => ("lost", None),
        Cause::PongTimeout => ("pong_timeout", None),
        Cause::CloseTimeout => ("close_timeout", None),
        Cause::IdleTimeout => ("idle_timeout", None),
        Cause::Aborted => ("aborted", None),
    };
    json!({ "cause": cause, "code": code.0, "rule": rule })
}

/// Joins the pieces of a message: where it was cut must not matter.
fn merge(events: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for event in events {
        let open = merged
            .last_mut()
            .and_then(|before| before.get_mut("chunk"))
            .filter(|chunk| chunk["last"] == false);
        let (Some(before), Some(chunk)) = (open, event.get("chunk")) else {
            merged.push(event);
            continue;
        };
        let kind = if chunk.get("text").is_some() { "text" } else { "binary" };
        let pieces = [&before[kind], &chunk[kind]].map(|piece| piece.as_str().unwrap_or_default());
        before[kind] = pieces.concat().into();
        before["last"] = chunk["last"].clone();
    }
    merged
}

fn expect_events(expected: &[Value], found: &[Value]) -> Result<(), String> {
    for (number, (expected, found)) in expected.iter().zip(found).enumerate() {
        if let Some(problem) = difference(&joined(expected), found) {
            return Err(format!("event {}: {problem}", number + 1));
        }
    }
    match (expected.get(found.len()), found.get(expected.len())) {
        (Some(missing), _) => Err(format!("no event {}", short(missing))),
        (_, Some(unexpected)) => Err(format!("unexpected event {}", short(unexpected))),
        (None, None) => Ok(()),
    }
}
