//! The TCP connections of a capture.
//!
//! Owns which segment belongs to which connection, and when a connection begins and ends. Knows nothing
//! of what they carry.

use crate::connection::{End, Endpoint, Store};
use crate::conversation::{Conversation, Settings};
use crate::packet::{Address, Segment};
use crate::reassembly::{Next, Piece, Reassembly};
use std::collections::HashMap;

/// A connection of TCP.
struct Flow {
    halves: [Reassembly; 2],
    conversation: Conversation,
    finished: [bool; 2],
}

/// All of them, by their two ends, the lesser first.
#[derive(Default)]
pub(crate) struct Network {
    places: HashMap<(Address, Address), usize>,
    flows: Vec<Flow>,
    time: f64,
}

impl Network {
    /// Takes a segment whose payload is `bytes`.
    pub(crate) fn segment(
        &mut self,
        segment: &Segment,
        bytes: &mut [u8],
        settings: &Settings,
        store: &mut Store,
    ) {
        self.time = self.time.max(segment.time);
        let from = usize::from(segment.source > segment.target);
        let ends = match from {
            0 => (segment.source, segment.target),
            _ => (segment.target, segment.source),
        };
        let place = self.place(ends, from, segment, store);
        let Flow { halves, conversation, finished } = &mut self.flows[place];
        let [one, other] = halves;
        let (sender, receiver) = if from == 0 { (one, other) } else { (other, one) };
        if segment.syn {
            sender.start(segment.sequence.wrapping_add(1));
            conversation.set_client(if segment.acknowledged.is_some() { 1 - from } else { from });
        }
        let mut give = |end: usize, next: Next<'_>| match next {
            Next::Bytes(bytes, piece) => {
                conversation.bytes(end, bytes, piece.file_at, piece.time, settings, store);
            }
            Next::Gap { length, time } => conversation.gap(end, length, time, store),
        };
        // What the other end has acknowledged was there, whether or not it was captured.
        if let Some(acknowledged) = segment.acknowledged {
            receiver.acknowledge(acknowledged, segment.time, &mut |next| give(1 - from, next));
        }
        let piece =
            Piece { time: segment.time, file_at: segment.file_at, missing: segment.missing };
        let sequence = segment.sequence.wrapping_add(segment.syn.into());
        sender.segment(sequence, bytes, piece, &mut |next| give(from, next));
        if segment.reset || segment.fin {
            finished[from] = true;
            if segment.reset || finished[1 - from] {
                *finished = [true; 2];
                for (end, half) in halves.iter_mut().enumerate() {
                    half.flush(segment.time, &mut |next| give(end, next));
                }
                let end = if segment.reset { End::Reset } else { End::Fin };
                conversation.end(end, segment.time, store);
            }
        }
    }

    /// Where the flow of a segment is; a new one where it begins another connection.
    fn place(
        &mut self,
        ends: (Address, Address),
        from: usize,
        segment: &Segment,
        store: &mut Store,
    ) -> usize {
        let known = self.places.get(&ends).copied();
        if let Some(place) = known {
            let flow = &mut self.flows[place];
            let again =
                segment.syn && flow.halves[from].is_elsewhere(segment.sequence.wrapping_add(1));
            if !again {
                return place;
            }
            flow.conversation.finish(store);
        }
        let endpoint =
            |address: Address| Endpoint { address: address.host.to_string(), port: address.port };
        let flow = Flow {
            halves: Default::default(),
            conversation: Conversation::new([ends.0, ends.1].map(endpoint), segment.syn),
            finished: [false; 2],
        };
        self.flows.push(flow);
        self.places.insert(ends, self.flows.len() - 1);
        self.flows.len() - 1
    }

    /// The capture is over: what waits is taken, with its holes.
    pub(crate) fn finish(&mut self, settings: &Settings, store: &mut Store) {
        let time = self.time;
        for Flow { halves, conversation, .. } in &mut self.flows {
            for (end, half) in halves.iter_mut().enumerate() {
                half.flush(time, &mut |next| match next {
                    Next::Bytes(bytes, piece) => {
                        conversation.bytes(end, bytes, piece.file_at, piece.time, settings, store);
                    }
                    Next::Gap { length, time } => conversation.gap(end, length, time, store),
                });
            }
            conversation.finish(store);
        }
    }
}
