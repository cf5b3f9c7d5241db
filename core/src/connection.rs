//! A connection after the opening handshake.
//!
//! Owns nothing but the wiring: the receiving half, the sending half, and what the host's loop needs
//! to know. Every decision is taken in one of the parts.

use crate::config::Config;
use crate::deflate::{Deflation, Inflation};
use crate::handshake::Agreement;
use crate::inbound::events::Events;
use crate::inbound::input::Input;
use crate::inbound::receiver::Receiver;
use crate::inbound::tap::{Attached, Tap};
use crate::keepalive::Due;
use crate::outbound::framer::Compressor;
use crate::outbound::queue::Transmit;
use crate::outbound::sender::Sender;
use crate::role::Role;
use crate::state::Wants;
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// One end of a WebSocket connection, from the end of the opening handshake on.
///
/// It does no I/O. The host's loop brings bytes and time in, and carries bytes out:
///
/// 1. Ask [`wants`](Self::wants): whether to read, whether to write, until when to wait, and what to do
///    with the socket.
/// 2. Bring what happened: bytes with [`receive_in`](Self::receive_in) (or
///    [`receive_buffer`](Self::receive_buffer) and [`received`](Self::received)), the end of the
///    stream with [`receive_eof`](Self::receive_eof), the deadline with
///    [`handle_timeout`](Self::handle_timeout). Each returns [`Events`]: take them all.
/// 3. Send with the commands of [`sender`](Self::sender), and write what
///    [`transmit`](Self::transmit) lends.
///
/// The crate's front page shows the whole loop.
#[derive(Debug)]
pub struct Connection {
    receiver: Receiver,
    sender: Sender,
    input: Input,
}

impl Connection {
    /// A connection whose opening handshake ended in `agreement`.
    ///
    /// `seed` must be fresh from a cryptographic source for each connection: a client's masking keys
    /// come from it (RFC 6455 section 10.3).
    pub fn new(
        role: Role,
        config: Arc<Config>,
        agreement: &Agreement,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        //= https://www.rfc-editor.org/rfc/rfc7692#section-5
        //# If a server responds with a valid PMCE element in the "Sec-WebSocket-Extensions" header
        //# and _the WebSocket Connection is established_, both endpoints MUST use the algorithm
        //# described in Section 6 and the message payload transformation procedure of the PMCE
        //# configured with the "agreed parameters" returned by the server to exchange messages.
        let (inflation, deflation) = agreement.deflate.map_or((None, None), |params| {
            let config = config.deflate.clone().unwrap_or_default();
            let (inbound, outbound) = (params.of(role.peer()), params.of(role));
            let inflation =
                Inflation::new(inbound.window_bits, inbound.no_context_takeover, &config);
            let deflation =
                Deflation::new(outbound.window_bits, outbound.no_context_takeover, &config);
            let window_bits = outbound.window_bits;
            (Some(inflation), Some(Compressor { deflation, window_bits }))
        });
        Self {
            receiver: Receiver::new(role, &config, inflation, now),
            sender: Sender::new(role, config, deflation, seed, now),
            input: Input::new(),
        }
    }

    /// Takes bytes that arrived, in the caller's buffer: payloads are unmasked in place, and messages
    /// that lie whole in `chunk` are lent from it without a copy.
    ///
    /// Nothing of `chunk` is needed once its events are taken, so one buffer serves any number of
    /// connections. 16 KiB is a good size: what was just read is then still in the first-level cache.
    /// Where the connection's own buffer is used as well, take all events of one way in before the
    /// other is used: bytes keep their order only so.
    #[inline]
    pub fn receive_in<'b>(&mut self, chunk: &'b mut [u8], now: Instant) -> Events<'_, 'b> {
        self.input.withdraw();
        self.sender.arrived(chunk.len(), now);
        Events::new(&mut self.receiver, &mut self.sender, chunk)
    }

    /// Space to read from the socket into, never empty. Then call [`received`](Self::received).
    pub fn receive_buffer(&mut self) -> &mut [u8] {
        self.input.drop_taken(self.receiver.decoder.offset());
        self.input.space()
    }

    /// Takes the first `count` bytes of [`receive_buffer`](Self::receive_buffer), which were read from
    /// the socket; more than there was space for counts as all of it.
    ///
    /// Events that are not taken now come with the next call, for which a `count` of 0 will do.
    pub fn received(&mut self, count: usize, now: Instant) -> Events<'_, '_> {
        let count = self.input.admit(count);
        self.sender.arrived(count, now);
        self.input.drop_taken(self.receiver.decoder.offset());
        Events::new(&mut self.receiver, &mut self.sender, self.input.fill(count))
    }

    /// Takes note that the peer's stream ended. Take the events of all input before it first: what is
    /// left of them is lost.
    pub fn receive_eof(&mut self, now: Instant) -> Events<'_, 'static> {
        self.sender.set_now(now);
        self.settle();
        self.sender.state.stream_ended(self.sender.now);
        Events::new(&mut self.receiver, &mut self.sender, &mut [])
    }

    /// Takes note that the host stops reading for a while, because its application is behind. Keepalive
    /// pings still go out, but the silence that the host makes itself does not end the connection.
    ///
    /// Pause only for what ends by itself: a peer that is gone is not noticed meanwhile, other than by
    /// what cannot be written. Deadlines of the closing handshake and of idleness stay.
    pub fn pause_reading(&mut self, now: Instant) {
        self.sender.listen(false, now);
    }

    /// Takes note that the host reads again: the peer's silence counts from now on.
    pub fn resume_reading(&mut self, now: Instant) {
        self.sender.listen(true, now);
    }

    /// Does what is due at `now`: a keepalive ping, or the end of a connection that is dead, idle, or
    /// slow to close. Calling it early or late does no harm.
    pub fn handle_timeout(&mut self, now: Instant) -> Events<'_, 'static> {
        self.sender.set_now(now);
        self.settle();
        if self.sender.handle_timeout() == Due::Ping {
            self.shrink();
        }
        Events::new(&mut self.receiver, &mut self.sender, &mut [])
    }

    /// The commands: send, ping, close and so on.
    pub fn sender(&mut self, now: Instant) -> &mut Sender {
        self.sender.set_now(now);
        &mut self.sender
    }

    /// The bytes to write to the socket, slice by slice.
    pub fn transmit(&self) -> Transmit<'_> {
        self.sender.transmit()
    }

    /// Tells that the socket took the first `count` bytes of [`transmit`](Self::transmit).
    pub fn transmitted(&mut self, count: usize) {
        self.sender.transmitted(count);
    }

    /// What the host's loop should do next.
    pub fn wants(&self) -> Wants {
        let mut wants = self.sender.wants();
        if self.receiver.failure.is_some() {
            wants.deadline = Some(self.sender.now);
        }
        wants
    }

    /// A violation that the caller left behind the content before it ends the connection before
    /// anything else can.
    fn settle(&mut self) {
        if let Some(violation) = self.receiver.failure {
            self.sender.fail(violation.rule);
        }
    }

    /// Shows every inbound frame to `tap` from now on: set it before the first byte arrives, or it sees
    /// the frame that is arriving from the middle on.
    pub fn set_tap(&mut self, tap: Box<dyn Tap>) {
        self.attach(tap, false);
    }

    /// Makes this an observer of a connection between others: every inbound frame is shown to `tap`,
    /// and violations are reported and passed over. Nothing is answered and nothing is due: no pong, no
    /// close, no keepalive. Only the end of the stream ends it.
    pub fn set_lenient_tap(&mut self, tap: Box<dyn Tap>) {
        self.attach(tap, true);
    }

    /// The plain text that the peer's next compressed message may refer back to, at most its window;
    /// `None` inside a message and without compression.
    ///
    /// With it, an observer that has the bytes of a stream at hand can start in its middle: see
    /// [`resume_context`](Self::resume_context).
    pub fn context(&self) -> Option<Vec<u8>> {
        let assembly = &self.receiver.assembly;
        assembly.inflation().filter(|_| !assembly.in_message()).map(Inflation::context)
    }

    /// Goes on behind what another connection's [`context`](Self::context) was. Call it before the first
    /// byte arrives.
    pub fn resume_context(&mut self, context: &[u8]) {
        if let Some(inflation) = self.receiver.assembly.inflation_mut() {
            inflation.set_context(context);
        }
    }

    fn attach(&mut self, tap: Box<dyn Tap>, lenient: bool) {
        self.receiver.attach(Attached { tap, lenient });
        self.sender.set_observer(lenient);
    }

    /// Gives back the memory that a burst of traffic needed. A keepalive ping does it by itself: it
    /// means that the connection is quiet.
    pub fn shrink(&mut self) {
        self.receiver.shrink();
        self.sender.shrink();
        self.input.drop_taken(self.receiver.decoder.offset());
        self.input.shrink();
    }

    /// How many bytes of heap the connection holds, shared payloads and the idle deflate engines of
    /// the pool apart. An engine that it borrows counts: a peer that leaves a compressed message
    /// unfinished makes it hold one of about 110 KB.
    pub fn heap_bytes(&self) -> usize {
        self.receiver.heap_bytes() + self.sender.heap_bytes() + self.input.heap_bytes()
    }
}
