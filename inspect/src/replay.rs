//! Payloads on demand: parts of a direction decoded again.
//!
//! Owns from where a direction must be read again to get at a content, and what is kept of it. The
//! decoder is the core. Knows nothing of where the bytes are read from.

use crate::frames::{Frame, flag};
use crate::observer::{core, takes_over};
use crate::{Inspector, NONE, Place};
use polywire::{Connection, Event, FrameHeader, Instant, Tap, Violation};
use std::sync::{Arc, Mutex, PoisonError};

/// Rows farther apart than this are decoded from checkpoints of their own.
const FARTHEST: u64 = 4 << 20;

/// Removes the mask of payload bytes, of which the first is at `offset` in the payload.
pub fn unmask(header: &[u8], offset: u64, bytes: &mut [u8]) {
    let key = FrameHeader::parse(header, 0).and_then(|header| header.mask);
    if let Some(key) = key {
        let start = (offset % 4) as usize;
        for (byte, key) in bytes.iter_mut().zip(key.iter().cycle().skip(start)) {
            *byte ^= key;
        }
    }
}

/// The content that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The row of a frame.
    pub row: u32,
    /// Of the whole message, and not only what this frame adds.
    pub whole: bool,
    /// Which bytes of it.
    pub offset: u64,
    /// And how many.
    pub length: u64,
}

/// Content that was found.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// The bytes asked for.
    pub bytes: Vec<u8>,
    /// The length of the whole.
    pub total: u64,
    /// Why it is not more.
    pub trouble: Option<String>,
}

/// A stretch of a direction that is decoded again.
///
/// Give it the bytes of its [`places`](Self::places) in their order (zeros for those that are nowhere)
/// with [`push`](Self::push), then take its [`parts`](Self::parts).
pub struct Replay {
    core: Connection,
    notes: Arc<Mutex<Notes>>,
    places: Vec<Place>,
    wanted: Vec<Wanted>,
}

/// A content that is looked for: the frames from `first` to `last`, by their offsets.
struct Wanted {
    /// The place of its target among those that were asked for.
    number: usize,
    first: u64,
    last: u64,
    skip: u64,
    length: u64,
    part: Part,
}

#[derive(Default)]
struct Notes {
    /// Where the current frame begins.
    offset: u64,
    violations: Vec<Violation>,
}

struct Noter(Arc<Mutex<Notes>>);

impl Tap for Noter {
    fn header(&mut self, header: &FrameHeader) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).offset = header.offset;
    }

    fn payload(&mut self, _: &[u8]) {}

    fn end(&mut self, _: u64) {}

    fn violation(&mut self, violation: &Violation) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).violations.push(*violation);
    }
}

impl Inspector {
    /// What must be decoded again to get at these contents; the parts of all replays together, by
    /// [`Replay::parts`], are those of the targets. Rows that do not exist, and those without
    /// content, are in none.
    pub fn replays(&self, targets: &[Target]) -> Vec<Replay> {
        let mut jobs: Vec<Job> = targets
            .iter()
            .enumerate()
            .filter_map(|(number, target)| self.job(number, target))
            .collect();
        jobs.sort_by_key(|job| (job.lane, job.start, job.first));
        let mut replays: Vec<(Job, Vec<Wanted>)> = Vec::new();
        for job in jobs {
            let wanted = job.wanted();
            match replays.last_mut() {
                Some((earlier, all)) if earlier.reaches(&job) => {
                    earlier.end = earlier.end.max(job.end);
                    all.push(wanted);
                }
                _ => replays.push((job, vec![wanted])),
            }
        }
        replays.into_iter().map(|(job, wanted)| self.replay(&job, wanted)).collect()
    }

    fn job(&self, number: usize, target: &Target) -> Option<Job> {
        let frames = self.frames();
        let frame = frames.row(target.row).filter(|frame| frame.message != NONE)?;
        let (first, last) = frames.message_rows(target.row);
        let (begin, end) = (frames.row(first)?, frames.row(last)?);
        let lane = (frame.connection, frame.direction());
        let connection = &self.connections()[frame.connection as usize];
        // A fragment needs those before it; a compressed message also the messages before it.
        let takeover = takes_over(connection.deflate, lane.1) && frame.has(flag::DEFLATED);
        let checkpoint = connection.tracks[lane.1].checkpoint_before(begin.offset);
        let checkpoint = checkpoint.map_or(begin.offset, |checkpoint| checkpoint.offset);
        let (start, context) = if takeover { (checkpoint, true) } else { (begin.offset, false) };
        let (from, to) = if target.whole { (&begin, &end) } else { (&frame, &frame) };
        Some(Job {
            number,
            lane,
            checkpoint,
            start,
            context,
            first: from.offset,
            last: to.offset,
            end: behind(to),
            skip: target.offset,
            length: target.length,
        })
    }

    fn replay(&self, job: &Job, wanted: Vec<Wanted>) -> Replay {
        let connection = &self.connections()[job.lane.0 as usize];
        let track = &connection.tracks[job.lane.1];
        let mut core = core(job.lane.1, connection.deflate, &self.settings.config);
        if let Some(checkpoint) = track.checkpoint_before(job.start).filter(|_| job.context) {
            core.resume_context(&checkpoint.context);
        }
        let notes = Arc::new(Mutex::new(Notes::default()));
        core.set_lenient_tap(Box::new(Noter(Arc::clone(&notes))));
        let mut wanted = wanted;
        for wanted in &mut wanted {
            wanted.first -= job.start;
            wanted.last -= job.start;
        }
        Replay { core, notes, places: track.places(job.start, job.end - job.start), wanted }
    }
}

fn behind(frame: &Frame) -> u64 {
    frame.offset.saturating_add(frame.header_length.into()).saturating_add(frame.length)
}

struct Job {
    number: usize,
    lane: (u32, usize),
    /// Behind it, all can be decoded in one go.
    checkpoint: u64,
    start: u64,
    context: bool,
    first: u64,
    last: u64,
    end: u64,
    skip: u64,
    length: u64,
}

impl Job {
    fn wanted(&self) -> Wanted {
        Wanted {
            number: self.number,
            first: self.first,
            last: self.last,
            skip: self.skip,
            length: self.length,
            part: Part::default(),
        }
    }

    /// Whether another, which starts no earlier, is best decoded together with this.
    fn reaches(&self, other: &Self) -> bool {
        self.lane == other.lane
            && self.context == other.context
            && self.checkpoint == other.checkpoint
            && other.first <= self.end.saturating_add(FARTHEST)
    }
}

impl Replay {
    /// Which bytes to read, in order.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Decodes the next bytes.
    pub fn push(&mut self, bytes: &mut [u8]) {
        let mut events = self.core.receive_in(bytes, Instant::ZERO);
        while let Some((event, _)) = events.next() {
            let Event::Chunk { data, .. } = event else { continue };
            let offset = self.notes.lock().unwrap_or_else(PoisonError::into_inner).offset;
            for wanted in &mut self.wanted {
                if (wanted.first..=wanted.last).contains(&offset) {
                    wanted.take(data.as_bytes());
                }
            }
        }
    }

    /// What was found, each with the place of its target among those that were asked for.
    pub fn parts(self) -> Vec<(usize, Part)> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = self.wanted.into_iter().map(|mut wanted| {
            let own = |fault: &&Violation| (wanted.first..=wanted.last).contains(&fault.offset);
            wanted.part.trouble =
                notes.violations.iter().find(own).map(|fault| {
                    format!("{}: expected {}", fault.rule.code(), fault.rule.expected())
                });
            (wanted.number, wanted.part)
        });
        parts.collect()
    }
}

impl Wanted {
    fn take(&mut self, bytes: &[u8]) {
        let at = self.part.total;
        self.part.total += bytes.len() as u64;
        let from = self.skip.saturating_sub(at).min(bytes.len() as u64) as usize;
        let room = self.length - self.part.bytes.len() as u64;
        let rest = &bytes[from..];
        self.part.bytes.extend_from_slice(&rest[..rest.len().min(room as usize)]);
    }
}
