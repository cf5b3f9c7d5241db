//! From a payload to a frame in the queue.
//!
//! Owns compression, header, mask and queue, in this order, for everything that is sent. Decides
//! nothing about when or whether: that is `sender`.

use super::message::{Compression, Kind, Payload};
use super::prepared::Prepared;
use super::queue::{Large, Queue};
use crate::config::Config;
use crate::deflate::Deflation;
use crate::frame::encoder::{EncodedHeader, FrameKind, encode};
use crate::frame::header::MAX_LEN;
use crate::frame::opcode::Opcode;
use crate::kernels::{Mask, append, append_masked, apply_mask};
use crate::random::Random;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::size_of;

/// Payloads from this size up are queued as they are, where they are owned or shared: below it a copy
/// costs less than a further slice in the vectored write.
const LARGE: usize = 1024;

#[derive(Debug)]
pub(crate) struct Framer {
    pub(crate) queue: Queue,
    /// Masking keys, of which only a client has need.
    keys: Option<Box<Random>>,
    compressor: Option<Box<Compressor>>,
}

/// The sending direction of permessage-deflate.
#[derive(Debug)]
pub(crate) struct Compressor {
    pub(crate) deflation: Deflation,
    pub(crate) window_bits: u8,
}

impl Framer {
    pub(crate) fn new(keys: Option<Random>, compressor: Option<Compressor>) -> Self {
        let queue = Queue::default();
        Self { queue, keys: keys.map(Box::new), compressor: compressor.map(Box::new) }
    }

    /// Whether messages can be compressed.
    pub(crate) fn can_compress(&self) -> bool {
        self.compressor.is_some()
    }

    /// Queues a message in one frame, compressed if that is wanted and makes it shorter.
    // Inlined with what it calls into `Sender::send`, where the kind of payload is known: half of what a
    // small message costs would be the calls.
    #[inline(always)]
    pub(crate) fn message(
        &mut self,
        kind: Kind,
        payload: Payload<'_>,
        compression: Compression,
        config: &Config,
    ) {
        if self.compressor.is_some()
            && should_compress(payload.as_bytes(), compression, config)
            && self.compressed(kind, payload.as_bytes(), compression)
        {
            return;
        }
        //= https://www.rfc-editor.org/rfc/rfc7692#section-6.1
        //# An endpoint MUST use the following algorithm to send a message in the form of an
        //# uncompressed message.
        self.frame(FrameKind::whole(kind.opcode()), payload);
    }

    /// Whether a message goes out at once and as it is: nothing is queued before it, and it is not
    /// compressed.
    #[inline]
    pub(crate) fn passes_through(
        &self,
        payload: &[u8],
        compression: Compression,
        config: &Config,
    ) -> bool {
        let compressed = self.compressor.is_some() && should_compress(payload, compression, config);
        self.queue.is_empty() && !compressed
    }

    /// Whether payloads go out masked.
    #[inline]
    pub(crate) fn masks(&self) -> bool {
        self.keys.is_some()
    }

    /// Queues a frame in front of which there is nothing, with a copy of its payload; lends it.
    // That the buffer is empty is not read from it: a chain of frames, each waiting for the length that the
    // one before it stored, took half as long again.
    #[inline]
    pub(crate) fn alone(&mut self, frame: FrameKind, payload: &[u8]) -> &[u8] {
        let key = self.key();
        let buffer = self.queue.restart();
        append_frame(buffer, frame, payload, key);
        buffer
    }

    /// Queues what is left of a frame of which `written` bytes went out without passing through the
    /// queue.
    #[cold]
    pub(crate) fn rest(&mut self, header: &EncodedHeader, payload: &[u8], written: usize) {
        let header = header.as_bytes();
        let buffer = self.queue.buffer();
        buffer.extend_from_slice(header.get(written..).unwrap_or_default());
        let of_payload = written.saturating_sub(header.len());
        buffer.extend_from_slice(payload.get(of_payload..).unwrap_or_default());
    }

    /// Queues a message compressed, or returns false when that would not make it shorter.
    //= https://www.rfc-editor.org/rfc/rfc7692#section-6.1
    //# An endpoint MUST use the following algorithm to send a message in the form of a compressed
    //# message.
    // Never inlined: making an engine takes kilobytes of stack, which the way of a message that is not
    // compressed would have to reserve too.
    #[inline(never)]
    fn compressed(&mut self, kind: Kind, payload: &[u8], compression: Compression) -> bool {
        let Some(compressor) = &mut self.compressor else { return false };
        let buffer = self.queue.buffer();
        let start = reserve_header(buffer);
        if !compressor.deflation.message(payload, compression.level(), buffer) {
            buffer.truncate(start);
            return false;
        }
        let frame = FrameKind { opcode: kind.opcode(), fin: true, compressed: true };
        self.finish_frame(start, frame);
        true
    }

    /// Queues a part of a compressed message.
    #[inline(never)]
    pub(crate) fn compressed_part(
        &mut self,
        frame: FrameKind,
        payload: &[u8],
        compression: Compression,
    ) {
        let Some(compressor) = &mut self.compressor else { return };
        let buffer = self.queue.buffer();
        let start = reserve_header(buffer);
        compressor.deflation.part(payload, frame.fin, compression.level(), buffer);
        self.finish_frame(start, frame);
    }

    /// Queues a prepared message in the form that suits this connection.
    #[inline(never)]
    pub(crate) fn prepared(&mut self, prepared: &Prepared, config: &Config) {
        let form = match (&mut self.compressor, &config.deflate) {
            (Some(compressor), Some(config)) => prepared
                .compressed(compressor.window_bits, config)
                .inspect(|_| compressor.deflation.record(prepared.payload())),
            _ => None,
        };
        if self.keys.is_some() {
            let opcode = prepared.kind().opcode();
            let frame = FrameKind { opcode, fin: true, compressed: form.is_some() };
            let payload = form.map_or(prepared.payload(), |form| form.payload());
            self.frame(frame, Payload::Borrowed(payload));
        } else {
            let frame = form.map_or(prepared.plain(), |form| &form.frame);
            if frame.len() < LARGE {
                self.queue.buffer().extend_from_slice(frame);
            } else {
                self.queue.park(Large::Shared(Arc::clone(frame)));
            }
        }
    }

    /// Queues a control frame.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    //# All control frames MUST have a payload length of 125 bytes or less and MUST NOT be
    //# fragmented.
    #[inline(never)]
    pub(crate) fn control(&mut self, opcode: Opcode, payload: &[u8]) {
        debug_assert!(payload.len() <= 125, "checked by every caller");
        self.frame(FrameKind::whole(opcode), Payload::Borrowed(payload));
    }

    /// Queues a frame.
    #[inline(always)]
    pub(crate) fn frame(&mut self, frame: FrameKind, payload: Payload<'_>) {
        match payload {
            Payload::Borrowed(bytes) => self.copied(frame, bytes),
            payload if payload.as_bytes().len() < LARGE => self.copied(frame, payload.as_bytes()),
            payload => self.parked(frame, payload),
        }
    }

    /// Queues a frame with a copy of its payload.
    #[inline(always)]
    fn copied(&mut self, frame: FrameKind, payload: &[u8]) {
        let key = self.key();
        append_frame(self.queue.buffer(), frame, payload, key);
    }

    /// Queues a frame with its payload as it is, masked in place where that is possible.
    #[inline(never)]
    fn parked(&mut self, frame: FrameKind, payload: Payload<'_>) {
        let key = self.key();
        let header = encode(frame, payload.as_bytes().len(), key);
        header.append_to(self.queue.buffer());
        match (payload, key) {
            (Payload::Owned(bytes), None) => self.queue.park(Large::Owned(bytes)),
            (Payload::Shared(bytes), None) => self.queue.park(Large::Shared(bytes)),
            (Payload::Owned(mut bytes), Some(key)) => {
                apply_mask(&mut bytes, Mask::new(key));
                self.queue.park(Large::Owned(bytes));
            }
            (payload, key) => {
                let mask = key.map_or(Mask::NONE, Mask::new);
                append_masked(self.queue.buffer(), payload.as_bytes(), mask);
            }
        }
    }

    /// The masking key of the next frame, on a client.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.1
    //# a client MUST mask all frames that it sends to the server
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.1
    //# A server MUST NOT mask any frames that it sends to the client.
    #[inline]
    fn key(&mut self) -> Option<[u8; 4]> {
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.3
        //# When preparing a masked frame, the client MUST pick a fresh masking key from the set of
        //# allowed 32-bit values.
        //= https://www.rfc-editor.org/rfc/rfc6455#section-10.3
        //# Clients MUST choose a new masking key for each frame, using an algorithm that cannot
        //# be predicted by end applications that provide data.
        self.keys.as_mut().map(|keys| keys.mask())
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let compressor = self.compressor.as_ref();
        self.queue.heap_bytes()
            + self.keys.as_ref().map_or(0, |_| size_of::<Random>())
            + compressor.map_or(0, |own| size_of::<Compressor>() + own.deflation.heap_bytes())
    }

    /// Puts the header before a payload that was appended behind the room reserved at `start`.
    fn finish_frame(&mut self, start: usize, frame: FrameKind) {
        let key = self.key();
        let buffer = self.queue.buffer();
        let payload_len = buffer.len() - start - MAX_LEN;
        let header = encode(frame, payload_len, key);
        let payload_at = start + header.as_bytes().len();
        buffer[start..payload_at].copy_from_slice(header.as_bytes());
        buffer.copy_within(start + MAX_LEN.., payload_at);
        buffer.truncate(payload_at + payload_len);
        if let Some(key) = key {
            apply_mask(&mut buffer[payload_at..], Mask::new(key));
        }
    }
}

/// Appends a frame with a copy of its payload.
#[inline(always)]
fn append_frame(buffer: &mut Vec<u8>, frame: FrameKind, payload: &[u8], key: Option<[u8; 4]>) {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
    //# An endpoint MUST encapsulate the /data/ in a WebSocket frame as defined in Section
    //# 5.2.
    encode(frame, payload.len(), key).append_to(buffer);
    match key {
        //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
        //# If the data is being sent by the client, the frame(s) MUST be masked as defined in
        //# Section 5.3.
        Some(key) => append_masked(buffer, payload, Mask::new(key)),
        None => append(buffer, payload),
    }
}

fn should_compress(payload: &[u8], compression: Compression, config: &Config) -> bool {
    let threshold = config.deflate.as_ref().map_or(usize::MAX, |deflate| deflate.threshold);
    compression != Compression::Never && payload.len() >= threshold
}

/// Makes room for the longest header; returns where it starts.
fn reserve_header(buffer: &mut Vec<u8>) -> usize {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; MAX_LEN]);
    start
}
