//! One direction of a connection through the core.
//!
//! Owns the core's observer of a direction, what its tap notes, and how that becomes rows. Every
//! judgement is the core's. Knows nothing of packets or heads.

use crate::NONE;
use crate::connection::{End, Store};
use crate::frames::{Frame, flag};
use crate::problem::{Finding, Problem, rule_index};
use polywire::handshake::Agreement;
use polywire::{
    CloseCode, Config, Connection, DeflateConfig, DeflateParams, Delivery, Event, FrameHeader,
    Instant, Limits, Opcode, Place, Role, Rule, Tap, Timeouts, Violation,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Compressed messages can be inflated again from the last of these places: so much content apart. Each
/// costs at most 32 KiB; a list of rows on many connections needs one stretch of each.
const CHECKPOINT_EVERY: u64 = 512 << 10;

/// The largest hole that is filled with zeros.
const LARGEST_FILL: u64 = 64 << 20;

/// A payload of a control frame is kept up to this length.
const CONTROL: usize = 125;

/// The settings of all observers: nothing is too large, and nothing is gathered.
pub(crate) fn config() -> Arc<Config> {
    let limits = Limits {
        frame_size: u64::MAX,
        message_size: u64::MAX,
        fragments: u32::MAX,
        ..Limits::default()
    };
    let timeouts = Timeouts { handshake: None, close: None, idle: None, keepalive: None };
    Arc::new(Config {
        limits,
        timeouts,
        delivery: Delivery::Streamed,
        answer_pings: false,
        deflate: Some(DeflateConfig::default()),
    })
}

/// The core as an observer of one direction.
pub(crate) fn core(
    direction: usize,
    deflate: Option<DeflateParams>,
    config: &Arc<Config>,
) -> Connection {
    // Who reads what the client sends is a server.
    let role = if direction == 0 { Role::Server } else { Role::Client };
    let agreement = Agreement { subprotocol: None, deflate };
    Connection::new(role, Arc::clone(config), &agreement, [0; 32], Instant::ZERO)
}

/// What the tap noted of a frame.
#[derive(Clone, Debug)]
struct Noted {
    header: FrameHeader,
    place: Place,
    /// Bytes of payload so far, and those of a control frame.
    seen: u64,
    control: Vec<u8>,
    content: u64,
    /// How many faults are its own.
    faults: usize,
    code: Option<CloseCode>,
    gap: bool,
}

/// What the tap notes: shared with the core, which owns the tap.
#[derive(Debug, Default)]
struct Notes {
    current: Option<Noted>,
    complete: Vec<Noted>,
    /// Of the complete frames in their order, then of the current one.
    faults: Vec<Violation>,
}

struct Noter(Arc<Mutex<Notes>>);

impl Noter {
    fn with(&self, note: impl FnOnce(&mut Notes)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Tap for Noter {
    fn header(&mut self, header: &FrameHeader) {
        self.with(|notes| {
            notes.current = Some(Noted {
                header: *header,
                place: Place::PassedOver,
                seen: 0,
                control: Vec::new(),
                content: 0,
                faults: 0,
                code: None,
                gap: false,
            });
        });
    }

    fn place(&mut self, place: Place) {
        self.with(|notes| {
            if let Some(current) = &mut notes.current {
                current.place = place;
            }
        });
    }

    fn payload(&mut self, bytes: &[u8]) {
        self.with(|notes| {
            if let Some(current) = &mut notes.current {
                current.seen += bytes.len() as u64;
                if current.header.opcode().is_some_and(Opcode::is_control) {
                    let room = CONTROL - current.control.len().min(CONTROL);
                    current.control.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
            }
        });
    }

    fn end(&mut self, content: u64) {
        self.with(|notes| {
            if let Some(mut current) = notes.current.take() {
                current.content = content;
                notes.complete.push(current);
            }
        });
    }

    fn violation(&mut self, violation: &Violation) {
        self.with(|notes| {
            if let Some(frame) = notes.current.as_mut().or(notes.complete.last_mut()) {
                frame.faults += 1;
                notes.faults.push(*violation);
            }
        });
    }
}

/// Which direction of which connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) connection: u32,
    pub(crate) direction: usize,
}

/// A direction that is being decoded.
pub(crate) struct Observer {
    core: Connection,
    notes: Arc<Mutex<Notes>>,
    /// Where in the direction the core's first byte was.
    base: u64,
    /// Whether messages need the context of those before.
    takeover: bool,
    /// Content since the last checkpoint.
    content: u64,
    message: u32,
    in_message: bool,
    closed: bool,
    /// Something before is missing: the context, the start of a message.
    lost_start: bool,
    lost_context: bool,
    lost_content: bool,
}

impl Observer {
    /// `whole`: the direction begins here, and not only the capture.
    pub(crate) fn new(
        lane: Lane,
        deflate: Option<DeflateParams>,
        config: &Arc<Config>,
        whole: bool,
        store: &mut Store,
    ) -> Self {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let mut core = core(lane.direction, deflate, config);
        core.set_lenient_tap(Box::new(Noter(Arc::clone(&notes))));
        let takeover = takes_over(deflate, lane.direction);
        let track = &mut store.change(lane.connection).tracks[lane.direction];
        let base = track.end();
        track.checkpoint(base, Vec::new());
        Self {
            core,
            notes,
            base,
            takeover,
            content: 0,
            message: NONE,
            in_message: false,
            closed: false,
            lost_start: !whole,
            lost_context: !whole && takeover,
            lost_content: false,
        }
    }

    /// Takes the next bytes, which are in the file from `file_at` on.
    pub(crate) fn take(
        &mut self,
        lane: Lane,
        bytes: &mut [u8],
        file_at: u64,
        time: f64,
        store: &mut Store,
    ) {
        let end = {
            let track = &mut store.change(lane.connection).tracks[lane.direction];
            track.add(file_at, bytes.len());
            track.end()
        };
        self.decode(lane, bytes, end, store);
        self.settle(lane, time, store);
    }

    fn decode(&mut self, lane: Lane, mut bytes: &mut [u8], end: u64, store: &mut Store) {
        loop {
            let mut events = self.core.receive_in(bytes, Instant::ZERO);
            let mut full = false;
            while let Some((event, _)) = events.next() {
                match event {
                    Event::Chunk { data, last } if self.takeover => {
                        self.content += data.as_bytes().len() as u64;
                        full = last && self.content >= CHECKPOINT_EVERY;
                        if full {
                            break;
                        }
                    }
                    Event::Close { code, .. } => {
                        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
                        if let Some(frame) = notes.complete.last_mut() {
                            frame.code = code;
                        }
                    }
                    _ => {}
                }
            }
            let rest = events.into_rest();
            if !full {
                return;
            }
            self.content = 0;
            if let Some(context) = self.core.context() {
                let track = &mut store.change(lane.connection).tracks[lane.direction];
                track.checkpoint(end - rest.len() as u64, context);
            }
            bytes = rest;
        }
    }

    /// Takes note of bytes that are missing. False if the frames are lost by it.
    pub(crate) fn gap(&mut self, lane: Lane, length: u64, time: f64, store: &mut Store) -> bool {
        let track = &mut store.change(lane.connection).tracks[lane.direction];
        let start = track.end();
        track.add_gap(length);
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = notes.current.as_mut().filter(|current| {
            length <= current.header.payload_len.saturating_sub(current.seen)
                && length <= LARGEST_FILL
        });
        let Some(current) = inside else {
            drop(notes);
            self.cut(lane, time, flag::CUT | flag::GAP, store);
            return false;
        };
        // Zeros keep the place of what is missing, so the frames behind it are found.
        current.gap = true;
        let control = current.header.opcode().is_some_and(Opcode::is_control);
        drop(notes);
        self.lost_content |= !control;
        self.lost_context |= self.takeover && !control;
        let mut filled = 0;
        let mut zeros = [0; 4096];
        while filled < length {
            let count = (length - filled).min(zeros.len() as u64);
            zeros.fill(0);
            filled += count;
            self.decode(lane, &mut zeros[..count as usize], start + filled, store);
        }
        self.settle(lane, time, store);
        true
    }

    /// Makes a row of the frame that the capture, or the connection, ends in.
    pub(crate) fn finish(&mut self, lane: Lane, time: f64, store: &mut Store) {
        let row = store.frames.len() as u32;
        let Some((offset, missing)) = self.cut(lane, time, flag::CUT, store) else { return };
        if store.connections[lane.connection as usize].end == End::Open {
            let problem = Problem {
                rule: Finding::Cut.rule(),
                connection: lane.connection,
                row,
                direction: lane.direction as u8,
                time,
                offset: offset as f64,
                found: missing as f64,
                certain: false,
            };
            store.problem(&Finding::Cut, problem);
        }
    }

    /// Makes a row of the current frame as far as it is there; where it begins and what it lacks.
    fn cut(&mut self, lane: Lane, time: f64, flags: u16, store: &mut Store) -> Option<(u64, u64)> {
        let (frame, faults) = {
            let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
            let frame = notes.current.take()?;
            (frame, core::mem::take(&mut notes.faults))
        };
        let offset = self.base + frame.header.offset;
        let missing = frame.header.payload_len.saturating_sub(frame.seen);
        self.row(lane, &frame, &faults, time, flags, store);
        Some((offset, missing))
    }

    /// Makes rows of the frames that are complete.
    fn settle(&mut self, lane: Lane, time: f64, store: &mut Store) {
        let (complete, faults) = {
            let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
            if notes.complete.is_empty() {
                return;
            }
            let complete = core::mem::take(&mut notes.complete);
            let own = notes.current.as_ref().map_or(0, |current| current.faults);
            let count = notes.faults.len() - own;
            (complete, notes.faults.drain(..count).collect::<Vec<_>>())
        };
        let mut faults = &faults[..];
        for frame in &complete {
            let (own, rest) = faults.split_at(frame.faults);
            faults = rest;
            self.row(lane, frame, own, time, 0, store);
        }
        // The list keeps its space.
        let mut complete = complete;
        complete.clear();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.complete.is_empty() {
            notes.complete = complete;
        }
    }

    fn row(
        &mut self,
        lane: Lane,
        frame: &Noted,
        faults: &[Violation],
        time: f64,
        extra: u16,
        store: &mut Store,
    ) {
        let Lane { connection, direction } = lane;
        let header = &frame.header;
        let mut flags = extra | if direction == 1 { flag::FROM_SERVER } else { 0 };
        flags |= if faults.is_empty() { 0 } else { flag::PROBLEM };
        flags |= if frame.gap { flag::GAP } else { 0 };
        flags |= if self.closed { flag::AFTER_CLOSE } else { 0 };
        let (message, of_message) = self.message(frame, extra, store);
        flags |= of_message;
        let value = self.value(lane, frame, time, store);
        let offset = self.base + header.offset;
        let row = store.frame(&Frame {
            connection,
            time,
            offset,
            length: header.payload_len,
            content: frame.content,
            header: u16::from(header.first) | u16::from(header.second) << 8,
            header_length: header.header_len,
            flags,
            message,
            value,
        });
        for fault in faults {
            let problem = Problem {
                rule: rule_index(fault.rule),
                connection,
                row,
                direction: direction as u8,
                time,
                offset: offset as f64,
                found: fault.found as f64,
                certain: self.is_certain(fault.rule),
            };
            store.problem(&Finding::Violation(fault.rule), problem);
        }
        if flags & flag::LAST != 0 {
            self.lost_content = false;
        }
        self.lost_start &= flags & flag::FIRST == 0;
    }

    /// The message of a frame, and the flags that say what it is to it.
    fn message(&mut self, frame: &Noted, extra: u16, store: &mut Store) -> (u32, u16) {
        match frame.place {
            Place::Control => (NONE, 0),
            Place::PassedOver => (NONE, flag::SKIPPED),
            Place::Message { first, last, compressed } => {
                if first || !self.in_message {
                    self.message = store.message();
                }
                let last = last && extra & flag::CUT == 0;
                self.in_message = !last;
                let mut flags = if first { flag::FIRST } else { 0 };
                flags |= if last { flag::LAST } else { 0 };
                flags |= if compressed { flag::DEFLATED } else { 0 };
                (self.message, flags)
            }
        }
    }

    /// What is special about a control frame.
    fn value(&mut self, lane: Lane, frame: &Noted, time: f64, store: &mut Store) -> u32 {
        let connection = store.change(lane.connection);
        match frame.header.opcode() {
            Some(Opcode::Close) => {
                let code = frame.code.unwrap_or(CloseCode::NO_STATUS).0;
                connection.close[lane.direction].get_or_insert(code);
                self.closed = true;
                code.into()
            }
            Some(Opcode::Ping) => {
                connection.ping(lane.direction, time, &frame.control);
                0
            }
            Some(Opcode::Pong) => connection.pong(lane.direction, time, &frame.control),
            _ => 0,
        }
    }

    /// Whether a rule is broken by the sender, and not by what is missing.
    fn is_certain(&self, rule: Rule) -> bool {
        match rule {
            Rule::UnexpectedContinuation => !self.lost_start,
            Rule::DeflateInvalid => !self.lost_context && !self.lost_content,
            Rule::TextNotUtf8 | Rule::CloseReasonNotUtf8 | Rule::CloseCodeInvalid => {
                !self.lost_context && !self.lost_content
            }
            _ => true,
        }
    }
}

/// Whether the messages of a direction are compressed with what went before.
pub(crate) fn takes_over(deflate: Option<DeflateParams>, direction: usize) -> bool {
    deflate.is_some_and(|params| match direction {
        0 => !params.client_no_context_takeover,
        _ => !params.server_no_context_takeover,
    })
}

/// Whether bytes look like frames, and whether they are masked.
pub(crate) struct Probe {
    pub(crate) masked: bool,
    /// Complete frames.
    pub(crate) frames: usize,
    /// The bytes end with the last of them.
    pub(crate) exact: bool,
    /// A complete, uncompressed text message of some length: no accident.
    pub(crate) text: bool,
}

/// Looks at bytes as frames; `None` if a header breaks a rule.
pub(crate) fn probe(bytes: &[u8], config: &Arc<Config>) -> Option<Probe> {
    let masked = bytes.get(1)? & 0x80 != 0;
    let params = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    let notes = Arc::new(Mutex::new(Notes::default()));
    let mut core = core(usize::from(!masked), Some(params), config);
    core.set_lenient_tap(Box::new(Noter(Arc::clone(&notes))));
    let mut copy = bytes.to_vec();
    let mut events = core.receive_in(&mut copy, Instant::ZERO);
    while events.next().is_some() {}
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let content = |rule| matches!(rule, Rule::DeflateInvalid | Rule::UnexpectedContinuation);
    if notes.faults.iter().any(|fault| !content(fault.rule)) {
        return None;
    }
    let whole = |frame: &Noted| {
        frame.header.offset + u64::from(frame.header.header_len) + frame.header.payload_len
    };
    let end = notes.complete.last().map_or(0, whole);
    let text = |frame: &Noted| frame.header.first == 0x81 && frame.header.payload_len >= 16;
    Some(Probe {
        masked,
        frames: notes.complete.len(),
        exact: notes.current.is_none() && end == bytes.len() as u64,
        text: notes.complete.iter().any(text),
    })
}
