//! Two directions of bytes: is it a WebSocket connection, where is its handshake, where do its frames
//! begin.
//!
//! Owns the search for heads and frames in a stream that may begin anywhere. What heads mean is
//! judged by the core's `Review`, what frames mean by its observer. Knows nothing of packets.

use crate::NONE;
use crate::connection::{End, Endpoint, Opening, Store};
use crate::observer::{self, Lane, Observer};
use crate::opening;
use crate::problem::{Finding, Problem};
use polywire::{Config, DeflateParams};
use std::sync::Arc;

/// What holds for all conversations of a capture.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) config: Arc<Config>,
    /// What is taken as agreed where the handshake is not in the capture.
    pub(crate) assumed: Option<DeflateParams>,
}

/// A head longer than this is none.
const LONGEST_HEAD: usize = 64 << 10;

/// More than this is not kept for a decision.
const MOST_HELD: usize = 256 << 10;

/// So many segments are looked at before a stream is taken for something else.
const MOST_TRIES: u32 = 64;

/// How much of the body of a refusal is kept.
const BODY: usize = 4096;

/// Bytes that wait for a decision.
#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    file_at: u64,
    time: f64,
}

/// What the bytes of a direction are, as far as it is known.
enum Phase {
    /// Nothing is known, or a head is awaited.
    Idle,
    Head(Vec<u8>),
    /// Of the client, behind its request.
    Waiting,
    /// Of the server, behind its refusal.
    Body,
    Frames(Box<Observer>),
    /// Something else than WebSocket.
    Ignored,
}

struct Side {
    phase: Phase,
    held: Vec<Held>,
    /// A stretch of the stream is missing before this, so frames may begin anywhere.
    broken: bool,
    tries: u32,
}

/// One connection of the transport.
pub(crate) struct Conversation {
    ends: [Endpoint; 2],
    sides: [Side; 2],
    /// Which end is the client.
    client: Option<usize>,
    /// Its number, once it is known to be a WebSocket connection.
    number: Option<u32>,
    /// The number stays for whatever follows.
    fixed: bool,
    /// Bytes that are no head are frames, without a doubt.
    trusted: bool,
    /// HTTP was seen: frames come only behind an upgrade.
    http: bool,
}

impl Conversation {
    /// `whole`: its start is in the capture.
    pub(crate) fn new(ends: [Endpoint; 2], whole: bool) -> Self {
        let side = || Side { phase: Phase::Idle, held: Vec::new(), broken: !whole, tries: 0 };
        Self {
            ends,
            sides: [side(), side()],
            client: None,
            number: None,
            fixed: false,
            trusted: false,
            http: false,
        }
    }

    /// One of which it is known that it is a WebSocket connection, and which end is the client: 0.
    /// Its number stays.
    pub(crate) fn known(ends: [Endpoint; 2], time: f64, store: &mut Store) -> (Self, u32) {
        let mut known =
            Self { client: Some(0), fixed: true, trusted: true, ..Self::new(ends, true) };
        let number = known.list(time, store);
        store.change(number).opening = Opening::Pending;
        (known, number)
    }

    /// One whose bytes are those of a WebSocket connection, without packets around them.
    pub(crate) fn bare(client: Option<usize>) -> Self {
        Self { client, trusted: true, ..Self::new(Default::default(), true) }
    }

    /// Which end asked for the connection, where the transport tells.
    pub(crate) fn set_client(&mut self, end: usize) {
        self.client.get_or_insert(end);
    }

    /// The next bytes of one end.
    pub(crate) fn bytes(
        &mut self,
        end: usize,
        bytes: &mut [u8],
        file_at: u64,
        time: f64,
        settings: &Settings,
        store: &mut Store,
    ) {
        let (mut bytes, mut file_at) = (bytes, file_at);
        while !bytes.is_empty() {
            let lane = self.lane(end);
            let side = &mut self.sides[end];
            let used = match &mut side.phase {
                Phase::Ignored => return,
                Phase::Frames(observer) => {
                    if let Some(lane) = lane {
                        observer.take(lane, bytes, file_at, time, store);
                    }
                    return;
                }
                Phase::Waiting => return side.hold(bytes, file_at, time),
                Phase::Body => match self.body(end, bytes, store) {
                    true => return,
                    false => 0,
                },
                Phase::Head(head) => match grow(head, bytes) {
                    None => return,
                    Some(0) => {
                        side.phase = Phase::Ignored;
                        return;
                    }
                    Some(used) => {
                        let head = core::mem::take(head);
                        self.head(end, head, time, settings, store);
                        used
                    }
                },
                Phase::Idle => return self.identify(end, bytes, file_at, time, settings, store),
            };
            bytes = &mut bytes[used..];
            file_at += used as u64;
        }
    }

    /// Bytes of one end are missing.
    pub(crate) fn gap(&mut self, end: usize, length: u64, time: f64, store: &mut Store) {
        let lane = self.lane(end);
        let side = &mut self.sides[end];
        let Some(lane) = lane else {
            side.lose();
            return;
        };
        let connection = store.change(lane.connection);
        connection.totals[lane.direction].missing += length;
        let problem = Problem {
            rule: Finding::Gap.rule(),
            connection: lane.connection,
            row: NONE,
            direction: lane.direction as u8,
            time,
            offset: connection.tracks[lane.direction].end() as f64,
            found: length as f64,
            certain: false,
        };
        store.problem(&Finding::Gap, problem);
        match &mut side.phase {
            Phase::Frames(observer) => {
                if !observer.gap(lane, length, time, store) {
                    side.lose();
                }
            }
            _ => side.lose(),
        }
    }

    /// The transport ended.
    pub(crate) fn end(&mut self, end: End, time: f64, store: &mut Store) {
        if let Some(number) = self.number {
            let connection = store.change(number);
            connection.end = end;
            connection.ended = connection.ended.max(time);
        }
    }

    /// Nothing more comes.
    pub(crate) fn finish(&mut self, store: &mut Store) {
        for end in 0..2 {
            let lane = self.lane(end);
            if let (Phase::Frames(observer), Some(lane)) = (&mut self.sides[end].phase, lane) {
                let time = store.connections[lane.connection as usize].ended;
                observer.finish(lane, time, store);
            }
        }
    }

    fn lane(&self, end: usize) -> Option<Lane> {
        let direction = usize::from(self.client? != end);
        Some(Lane { connection: self.number?, direction })
    }

    /// Looks what begins here.
    fn identify(
        &mut self,
        end: usize,
        bytes: &mut [u8],
        file_at: u64,
        time: f64,
        settings: &Settings,
        store: &mut Store,
    ) {
        self.sides[end].hold(bytes, file_at, time);
        let start = self.sides[end].start();
        match opening::head_begins(&start) {
            // An answer is of interest behind a question only.
            Some(true) => {
                self.http = true;
                self.sides[end].phase = Phase::Head(Vec::new());
                self.release(end, settings, store);
            }
            None => {}
            Some(false) => self.frames_begin(end, &start, time, settings, store),
        }
    }

    /// Bytes that are no head: are they frames?
    fn frames_begin(
        &mut self,
        end: usize,
        start: &[u8],
        time: f64,
        settings: &Settings,
        store: &mut Store,
    ) {
        if start.len() < 2 {
            return;
        }
        let side = &mut self.sides[end];
        let listed = self.number.is_some();
        let masked = if self.trusted {
            Some(start[1] & 0x80 != 0)
        } else if side.broken && (listed || !self.http) {
            match observer::probe(start, &settings.config) {
                Some(probe) if probe.exact && (probe.frames > 1 || probe.text || listed) => {
                    Some(probe.masked)
                }
                Some(probe) if probe.frames > 2 => Some(probe.masked),
                Some(_) if start.len() < MOST_HELD => return,
                _ => None,
            }
        } else {
            None
        };
        match masked {
            Some(masked) => {
                let client = *self.client.get_or_insert(if masked { end } else { 1 - end });
                self.resume(end, client, time, settings, store);
            }
            None => self.not_frames(end, settings, store, time),
        }
    }

    /// Gives up what is held, but for the last segment: frames may begin there.
    fn not_frames(&mut self, end: usize, settings: &Settings, store: &mut Store, time: f64) {
        let side = &mut self.sides[end];
        side.tries += 1;
        let last = side.held.pop().filter(|_| !side.held.is_empty());
        side.held.clear();
        if side.tries > MOST_TRIES && self.number.is_none() && !self.http {
            side.phase = Phase::Ignored;
            return;
        }
        if let Some(Held { bytes, file_at, .. }) = last {
            let mut bytes = bytes;
            self.bytes(end, &mut bytes, file_at, time, settings, store);
        }
    }

    /// Frames begin, or begin again, without a handshake.
    fn resume(
        &mut self,
        end: usize,
        client: usize,
        time: f64,
        settings: &Settings,
        store: &mut Store,
    ) {
        let again = self.number.is_some_and(|number| {
            store.connections[number as usize].totals[usize::from(client != end)].frames > 0
        });
        let number = self.number.unwrap_or_else(|| self.list(time, store));
        let connection = store.change(number);
        if connection.opening == Opening::Pending && connection.heads[0].is_empty() {
            connection.opening = Opening::Unseen;
        }
        if connection.opening == Opening::Unseen {
            connection.deflate = settings.assumed;
        }
        let deflate = connection.deflate;
        let lane = Lane { connection: number, direction: usize::from(client != end) };
        if again {
            let problem = Problem {
                rule: Finding::Resumed.rule(),
                connection: number,
                row: NONE,
                direction: lane.direction as u8,
                time,
                offset: connection.tracks[lane.direction].end() as f64,
                found: 0.0,
                certain: false,
            };
            store.problem(&Finding::Resumed, problem);
        }
        let observer = Observer::new(lane, deflate, &settings.config, false, store);
        self.sides[end].phase = Phase::Frames(Box::new(observer));
        self.release(end, settings, store);
    }

    /// A head is complete.
    fn head(
        &mut self,
        end: usize,
        head: Vec<u8>,
        time: f64,
        settings: &Settings,
        store: &mut Store,
    ) {
        self.sides[end].phase = Phase::Idle;
        if head.starts_with(b"HTTP/") {
            self.response(end, head, time, settings, store);
        } else if opening::asks_for_upgrade(&head) {
            self.client = Some(end);
            // Behind a refusal a client may ask again: that is another connection.
            let answered = |number: &u32| !store.connections[*number as usize].heads[1].is_empty();
            let number = match self.number.filter(|number| self.fixed || !answered(number)) {
                Some(number) => number,
                None => self.list(time, store),
            };
            let connection = store.change(number);
            connection.opening = Opening::Pending;
            connection.heads[0] = head;
            opening::describe(number, store);
            self.sides[end].phase = Phase::Waiting;
        }
    }

    fn response(
        &mut self,
        end: usize,
        head: Vec<u8>,
        time: f64,
        settings: &Settings,
        store: &mut Store,
    ) {
        let status = opening::status(&head);
        let agreed = status == Some(101) && opening::agrees_to_upgrade(&head);
        // Another answer of HTTP, or one that only says that another follows.
        if self.number.is_none() && !agreed || matches!(status, Some(100 | 102..=199)) {
            return;
        }
        let client = *self.client.get_or_insert(1 - end);
        let number = match self.number {
            Some(number) => number,
            None => self.list(time, store),
        };
        store.change(number).heads[1] = head;
        let deflate = opening::judge(number, time, store);
        if status == Some(101) {
            for side in [client, 1 - client] {
                let lane = Lane { connection: number, direction: usize::from(side != client) };
                let observer = Observer::new(lane, deflate, &settings.config, true, store);
                self.sides[side].phase = Phase::Frames(Box::new(observer));
            }
            self.release(client, settings, store);
        } else {
            self.sides[end].phase = Phase::Body;
            self.sides[client].phase = Phase::Idle;
            self.sides[client].held.clear();
        }
    }

    /// Keeps the start of a refusal's body. False if another head begins instead.
    fn body(&mut self, end: usize, bytes: &[u8], store: &mut Store) -> bool {
        if opening::head_begins(bytes) == Some(true) {
            // The client asked again on the same connection of the transport.
            self.sides[end].phase = Phase::Idle;
            return false;
        }
        if let Some(number) = self.number {
            let body = &mut store.change(number).body;
            let room = BODY - body.len().min(BODY);
            body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        true
    }

    fn list(&mut self, time: f64, store: &mut Store) -> u32 {
        let client = self.client.unwrap_or_default();
        let [one, other] = [client, 1 - client].map(|end| self.ends[end].clone());
        let number = store.list(one, other, time);
        self.number = Some(number);
        number
    }

    /// Takes what was held, now that it is known what it is.
    fn release(&mut self, end: usize, settings: &Settings, store: &mut Store) {
        for held in core::mem::take(&mut self.sides[end].held) {
            let Held { mut bytes, file_at, time } = held;
            self.bytes(end, &mut bytes, file_at, time, settings, store);
        }
    }
}

impl Side {
    fn hold(&mut self, bytes: &[u8], file_at: u64, time: f64) {
        let held: usize = self.held.iter().map(|held| held.bytes.len()).sum();
        if held + bytes.len() <= MOST_HELD {
            self.held.push(Held { bytes: bytes.to_vec(), file_at, time });
        }
    }

    /// All that is held.
    fn start(&self) -> Vec<u8> {
        self.held.iter().flat_map(|held| &held.bytes).copied().collect()
    }

    /// A stretch is missing: what follows may be anything.
    fn lose(&mut self) {
        self.held.clear();
        self.broken = true;
        if !matches!(self.phase, Phase::Ignored) {
            self.phase = Phase::Idle;
        }
    }
}

/// Adds bytes to a head up to its blank line; how many were used when it is complete, 0 if it is none.
fn grow(head: &mut Vec<u8>, bytes: &[u8]) -> Option<usize> {
    let had = head.len();
    let from = had.saturating_sub(3);
    head.extend_from_slice(bytes);
    match head[from..].windows(4).position(|window| window == b"\r\n\r\n") {
        Some(at) => {
            let length = from + at + 4;
            head.truncate(length);
            Some(length - had)
        }
        None if head.len() > LONGEST_HEAD => Some(0),
        None => None,
    }
}
