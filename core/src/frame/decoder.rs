//! From bytes to frames that keep the rules.
//!
//! Owns the boundaries between frames in the inbound stream, wherever it is cut, and every rule that
//! the header of a frame must keep in its place (RFC 6455 sections 5.1 to 5.5, RFC 7692 section 6).
//! Knows nothing of payloads.

use super::header::{FIN, FrameHeader, LENGTH, MASKED, MAX_LEN, RESERVED, RSV1};
use super::opcode::Opcode;
use crate::error::Rule;
use crate::kernels::Mask;
use crate::limits::Limits;
use crate::outbound::message::Kind;
use crate::role::Role;
use core::ops::ControlFlow;

/// Where the inbound stream stands between frames.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The mask bit as every frame of this peer must have it.
    mask_bit: u8,
    /// The reserved bits that no extension defines.
    undefined_bits: u8,
    frame_limit: u64,
    /// What a lone frame may carry: the limit of a frame and of a message.
    lone_limit: u64,
    /// Report a bad first or second byte before the header is complete: the rest may never come.
    eager: bool,
    /// Bytes consumed so far.
    offset: u64,
    /// The start of a header that the end of a chunk cut off.
    partial: [u8; MAX_LEN],
    partial_len: u8,
}

/// The first byte of an uncompressed message in a single frame.
const LONE_TEXT: u8 = FIN | Opcode::Text as u8;
const LONE_BINARY: u8 = FIN | Opcode::Binary as u8;

/// A broken rule, and what came instead.
pub(crate) type Broken = (Rule, u64);

impl Decoder {
    /// `role` is the role of this end.
    pub(crate) fn new(role: Role, deflate: bool, limits: &Limits) -> Self {
        Self {
            mask_bit: if role == Role::Server { MASKED } else { 0 },
            undefined_bits: if deflate { RESERVED & !RSV1 } else { RESERVED },
            frame_limit: limits.frame_size,
            lone_limit: limits.frame_size.min(limits.message_size),
            eager: true,
            offset: 0,
            partial: [0; MAX_LEN],
            partial_len: 0,
        }
    }

    /// Without eagerness it waits for whole headers, so that each can be shown.
    pub(crate) fn set_eager(&mut self, eager: bool) {
        self.eager = eager;
    }

    /// Bytes consumed since the handshake.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Splits `len` bytes off the front of `chunk`.
    #[inline]
    pub(crate) fn consume<'a>(&mut self, chunk: &mut &'a mut [u8], len: usize) -> &'a mut [u8] {
        let (front, rest) = core::mem::take(chunk).split_at_mut(len);
        *chunk = rest;
        self.offset += len as u64;
        front
    }

    /// Whether nothing of the next header was taken.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.partial_len == 0
    }

    /// Between frames, takes an uncompressed message off the front of `chunk`, if it lies there whole in
    /// one frame of less than 64 KiB with nothing questionable about it. Everything else goes the long way,
    /// where the rules are. The payload is masked as it came.
    #[inline(always)]
    pub(crate) fn lone_message<'a>(
        &mut self,
        chunk: &mut &'a mut [u8],
    ) -> Option<(Kind, &'a mut [u8], Mask)> {
        let [first, second, rest @ ..] = &**chunk else { return None };
        let kind = match *first {
            LONE_TEXT => Kind::Text,
            LONE_BINARY => Kind::Binary,
            _ => return None,
        };
        if second & MASKED != self.mask_bit {
            return None;
        }
        let (len, rest) = match second & LENGTH {
            short @ 0..126 => (usize::from(short), rest),
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                match u16::from_be_bytes(*length) {
                    0..126 => return None,
                    length => (usize::from(length), rest),
                }
            }
            _ => return None,
        };
        let (mask, rest) = match self.mask_bit {
            0 => (Mask::NONE, rest),
            _ => {
                let (key, rest) = rest.split_first_chunk()?;
                (Mask::new(*key), rest)
            }
        };
        if len > rest.len() || len as u64 > self.lone_limit {
            return None;
        }
        let header_len = chunk.len() - rest.len();
        let frame = self.consume(chunk, header_len + len);
        Some((kind, &mut frame[header_len..], mask))
    }

    /// Whether a frame with this opcode begins at the front of `chunk`.
    pub(crate) fn is_next(&self, opcode: Opcode, chunk: &[u8]) -> bool {
        const OPCODE: u8 = 0x0f;
        self.is_between_frames()
            && chunk.first().is_some_and(|first| first & OPCODE == opcode as u8)
    }

    /// Takes the next header off the front of `chunk`; `None` when all of it was taken and more is
    /// needed. The header may be incomplete when its first two bytes break a rule already.
    #[inline]
    pub(crate) fn header(
        &mut self,
        chunk: &mut &mut [u8],
        in_message: bool,
    ) -> Option<FrameHeader> {
        if self.partial_len != 0 {
            return self.resume(chunk, in_message);
        }
        let Some(header) = FrameHeader::parse(chunk, self.offset) else {
            return self.stash(chunk, in_message);
        };
        self.consume(chunk, usize::from(header.header_len));
        Some(header)
    }

    /// The next header when its first bytes came with an earlier chunk.
    #[cold]
    fn resume(&mut self, chunk: &mut &mut [u8], in_message: bool) -> Option<FrameHeader> {
        let had = usize::from(self.partial_len);
        let mut bytes = self.partial;
        let more = chunk.len().min(MAX_LEN - had);
        bytes[had..had + more].copy_from_slice(&chunk[..more]);
        let start = self.offset - had as u64;
        let Some(header) = FrameHeader::parse(&bytes[..had + more], start) else {
            return self.stash(chunk, in_message);
        };
        self.partial_len = 0;
        self.consume(chunk, usize::from(header.header_len) - had);
        Some(header)
    }

    /// Keeps the start of a header for later: `chunk` ends inside it.
    #[cold]
    fn stash(&mut self, chunk: &mut &mut [u8], in_message: bool) -> Option<FrameHeader> {
        let had = usize::from(self.partial_len);
        let start = self.offset - had as u64;
        let front = self.consume(chunk, chunk.len());
        let len = had + front.len();
        self.partial[had..len].copy_from_slice(front);
        self.partial_len = len as u8;

        let [first, second, ..] = self.partial;
        if len < 2 || !self.eager {
            return None;
        }
        let payload_len = u64::from(second & LENGTH);
        let header_len = len as u8;
        let header =
            FrameHeader { offset: start, first, second, mask: None, payload_len, header_len };
        self.check_first_bytes(&header, in_message, ControlFlow::Break).is_break().then_some(header)
    }

    /// Tells `report` of every rule that the header breaks, until it breaks off.
    #[inline]
    pub(crate) fn check<B>(
        &self,
        header: &FrameHeader,
        in_message: bool,
        mut report: impl FnMut(Broken) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.check_first_bytes(header, in_message, &mut report)?;
        let FrameHeader { second, payload_len, .. } = *header;
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
        //# the minimal number of bytes MUST be used to encode the length
        match second & LENGTH {
            126 if payload_len < 126 => report((Rule::LengthNotMinimal, payload_len))?,
            127 if payload_len <= 0xffff => report((Rule::LengthNotMinimal, payload_len))?,
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
            //# the most significant bit MUST be 0
            127 if payload_len >> 63 != 0 => report((Rule::LengthHighBit, payload_len))?,
            _ => {}
        }
        //= https://www.rfc-editor.org/rfc/rfc6455#section-10.4
        //# Such an implementation SHOULD impose a limit on frame sizes and the total message size
        //# after reassembly from multiple frames.
        if payload_len > self.frame_limit {
            report((Rule::FrameTooBig, payload_len))?;
        }
        ControlFlow::Continue(())
    }

    /// The rules that the first two bytes can break.
    #[inline]
    fn check_first_bytes<B>(
        &self,
        header: &FrameHeader,
        in_message: bool,
        mut report: impl FnMut(Broken) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let FrameHeader { first, second, .. } = *header;
        let nibble = u64::from(first & 0x0f);
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
        //# If a nonzero value is received and none of the negotiated extensions defines the meaning
        //# of such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_.
        if first & self.undefined_bits != 0 {
            report((Rule::ReservedBits, u64::from(header.reserved())))?;
        }
        if second & MASKED != self.mask_bit {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.1
            //# The server MUST close the connection upon receiving a frame that is not masked.
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.1
            //# A client MUST close a connection if it detects a masked frame.
            let rule = if self.mask_bit == 0 { Rule::MaskUnexpected } else { Rule::MaskMissing };
            report((rule, u64::from(second >> 7)))?;
        }
        match header.opcode() {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.4
            //# Since control frames cannot be fragmented, the type for all fragments in a message
            //# MUST be either text, binary, or one of the reserved opcodes.
            Some(Opcode::Text | Opcode::Binary) if in_message => {
                report((Rule::ExpectedContinuation, nibble))
            }
            Some(Opcode::Text | Opcode::Binary) => ControlFlow::Continue(()),
            Some(Opcode::Continuation) if !in_message => {
                report((Rule::UnexpectedContinuation, nibble))
            }
            //= https://www.rfc-editor.org/rfc/rfc7692#section-6.1
            //# An endpoint receiving such a frame MUST _Fail the WebSocket Connection_.
            Some(Opcode::Continuation) if first & RSV1 & !self.undefined_bits != 0 => {
                report((Rule::DeflateBitOnContinuation, nibble))
            }
            Some(Opcode::Continuation) => ControlFlow::Continue(()),
            Some(Opcode::Close | Opcode::Ping | Opcode::Pong) => self.check_control(header, report),
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
            //# If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket
            //# Connection_.
            None => report((Rule::ReservedOpcode, nibble)),
        }
    }

    fn check_control<B>(
        &self,
        header: &FrameHeader,
        mut report: impl FnMut(Broken) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        if header.first & RSV1 & !self.undefined_bits != 0 {
            report((Rule::ReservedBits, u64::from(header.reserved())))?;
        }
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.4
        //# Control frames themselves MUST NOT be fragmented.
        if header.first & FIN == 0 {
            report((Rule::ControlFragmented, u64::from(header.first & 0x0f)))?;
        }
        let length = header.second & LENGTH;
        if length > 125 {
            report((Rule::ControlTooLong, u64::from(length)))?;
        }
        ControlFlow::Continue(())
    }
}
