//! Messages framed once and sent to many.
//!
//! Owns the finished forms of one message: plain, and compressed for each window. Knows nothing of
//! the connections that it goes to.

use super::message::{Compression, Kind, Message, Payload};
use crate::deflate::{DeflateConfig, compress_standalone};
use crate::frame::encoder::{FrameKind, encode};
use alloc::sync::Arc;
use alloc::vec::Vec;
use spin::Once;

/// A message for many connections: framed once, and compressed once for each window size among them.
///
/// Use it to broadcast. It is cheap to clone, and may be sent by connections of any role, with or
/// without compression: each takes the form that suits it.
///
/// ```
/// use polywire::Prepared;
///
/// let tick = Prepared::new("{\"price\": 42}");
/// // for connection in &mut connections { connection.sender(now).send_prepared(&tick)?; }
/// # let _ = tick;
/// ```
#[derive(Clone, Debug)]
pub struct Prepared(Arc<Forms>);

#[derive(Debug)]
struct Forms {
    kind: Kind,
    payload: Arc<[u8]>,
    compression: Compression,
    /// The whole frame of a server, without compression.
    plain: Once<Arc<[u8]>>,
    /// By window bits from 8 to 15: the compressed message, or `None` where it would not be shorter.
    compressed: [Once<Option<Compressed>>; 8],
}

/// A compressed message.
#[derive(Debug)]
pub(crate) struct Compressed {
    /// The whole frame of a server.
    pub(crate) frame: Arc<[u8]>,
    payload_at: usize,
}

impl Compressed {
    pub(crate) fn payload(&self) -> &[u8] {
        &self.frame[self.payload_at..]
    }
}

impl Prepared {
    /// Prepares a message. Nothing is compressed before a connection asks for it.
    pub fn new<'a>(message: impl Into<Message<'a>>) -> Self {
        let Message { kind, payload, compression } = message.into();
        let payload = match payload {
            Payload::Borrowed(bytes) => bytes.into(),
            Payload::Owned(bytes) => bytes.into(),
            Payload::Shared(bytes) => bytes,
        };
        let (plain, compressed) = Default::default();
        Self(Arc::new(Forms { kind, payload, compression, plain, compressed }))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.0.payload
    }

    /// The whole frame of a server, without compression.
    pub(crate) fn plain(&self) -> &Arc<[u8]> {
        self.0.plain.call_once(|| frame(self.0.kind, false, &self.0.payload))
    }

    /// The message compressed for a window of 2^`window_bits` bytes, if that makes it shorter.
    pub(crate) fn compressed(
        &self,
        window_bits: u8,
        config: &DeflateConfig,
    ) -> Option<&Compressed> {
        let forms = &*self.0;
        if forms.compression == Compression::Never || forms.payload.len() < config.threshold {
            return None;
        }
        let slot = forms.compressed.get(usize::from(window_bits.checked_sub(8)?))?;
        slot.call_once(|| {
            let level = match forms.compression {
                Compression::Level(level) => level,
                Compression::Configured | Compression::Never => config.level,
            };
            let deflated = compress_standalone(&forms.payload, window_bits, level, &config.pool)?;
            let frame = frame(forms.kind, true, &deflated);
            Some(Compressed { payload_at: frame.len() - deflated.len(), frame })
        })
        .as_ref()
    }
}

fn frame(kind: Kind, compressed: bool, payload: &[u8]) -> Arc<[u8]> {
    let kind = FrameKind { opcode: kind.opcode(), fin: true, compressed };
    let header = encode(kind, payload.len(), None);
    let mut frame = Vec::with_capacity(header.as_bytes().len() + payload.len());
    frame.extend_from_slice(header.as_bytes());
    frame.extend_from_slice(payload);
    frame.into()
}
