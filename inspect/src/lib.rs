//! From captures to WebSocket frames, messages and broken rules.
//!
//! An [`Inspector`] takes a file in slices of any size (pcap, pcapng, or the bytes of one direction),
//! puts TCP streams together, and decodes both directions of each WebSocket connection with the
//! Polywire core, as an observer that reports and goes on. What comes out are columns: [`Frames`],
//! [`Problems`] with sections of the RFCs, and a [`Connection`] each. The file itself is not kept:
//! [`Inspector::places`] tells where bytes are in it, and [`Replay`] decodes them again.
//!
//! ```
//! use polywire_inspect::{Format, Inspector, Options};
//!
//! let mut inspector = Inspector::new(Format::Raw, &Options::default());
//! inspector.push(b"\x81\x05Hello\x83\x00");
//! inspector.finish();
//! assert_eq!(inspector.frames().length, [5, 0]);
//! assert!(inspector.problems().text(0).contains("RFC 6455 section 5.2"));
//! ```
//!
//! Knows the core. Knows no files and no screens.

mod connection;
mod conversation;
mod fields;
mod file;
mod frames;
mod network;
mod observer;
mod opening;
mod packet;
mod problem;
mod reassembly;
mod replay;
mod text;
mod track;

pub use connection::{Connection, End, Endpoint, Opening, Totals};
pub use fields::{Field, fields};
pub use frames::{Frame, Frames, flag};
pub use problem::{Entry, Origin, Problem, Problems, fault_index, rules};
pub use replay::{Part, Replay, Target, unmask};
pub use text::{Format, decode, sniff};
pub use track::Place;

use connection::Store;
use conversation::{Conversation, Settings};
use file::File;
use network::Network;
use polywire::handshake::Review;
use polywire::{DeflateParams, Opcode};

/// There is none, in columns of 32-bit numbers.
pub const NONE: u32 = u32::MAX;

/// How a capture is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who sent the bytes of [`Format::Raw`]: 0 the client, 1 the server; `None`: the first bytes tell.
    pub sender: Option<usize>,
    /// What is taken as agreed on where the handshake is not in the capture.
    pub deflate: Option<DeflateParams>,
}

impl Default for Options {
    fn default() -> Self {
        let deflate = DeflateParams {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
        };
        Self { sender: None, deflate: Some(deflate) }
    }
}

/// A capture that is being read, and all that is known of it.
pub struct Inspector {
    source: Source,
    settings: Settings,
    store: Store,
    /// Bytes of the file that were not parsed yet.
    buffer: Vec<u8>,
    kept: usize,
    trouble: Option<String>,
    finished: bool,
}

enum Source {
    Packets(File, Network),
    /// One direction, of one end.
    Bare {
        conversation: Box<Conversation>,
        end: usize,
        position: u64,
    },
    /// Connections whose bytes are handed in.
    Live {
        conversations: Vec<Conversation>,
        position: u64,
    },
}

impl Inspector {
    /// A capture of this format. Those that are text must be [decoded](decode) first.
    pub fn new(format: Format, options: &Options) -> Self {
        let source = match format {
            Format::Pcap => Source::Packets(File::pcap(), Network::default()),
            Format::Pcapng => Source::Packets(File::pcapng(), Network::default()),
            Format::Hex | Format::Xxd | Format::Base64 | Format::Raw | Format::Empty => {
                let end = options.sender.unwrap_or(0);
                let client = options.sender.map(|_| 0);
                let conversation = Box::new(Conversation::bare(client));
                Source::Bare { conversation, end, position: 0 }
            }
        };
        Self::over(source, options)
    }

    /// A capture without a file: connections are [opened](Self::connect) and
    /// [fed](Self::append) by hand.
    pub fn live(options: &Options) -> Self {
        Self::over(Source::Live { conversations: Vec::new(), position: 0 }, options)
    }

    fn over(source: Source, options: &Options) -> Self {
        Self {
            source,
            settings: Settings { config: observer::config(), assumed: options.deflate },
            store: Store::default(),
            buffer: Vec::new(),
            kept: 0,
            trouble: None,
            finished: false,
        }
    }

    /// Space for the next bytes of the file. Then call [`filled`](Self::filled).
    pub fn space(&mut self, length: usize) -> &mut [u8] {
        let end = self.kept + length;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        &mut self.buffer[self.kept..end]
    }

    /// Decodes the first `count` bytes of the [`space`](Self::space), which are the next of the file.
    pub fn filled(&mut self, count: usize) {
        let end = (self.kept + count).min(self.buffer.len());
        let mut buffer = core::mem::take(&mut self.buffer);
        let used = self.parse(&mut buffer[..end]);
        buffer.copy_within(used..end, 0);
        self.kept = end - used;
        self.buffer = buffer;
    }

    /// Decodes the next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.space(bytes.len()).copy_from_slice(bytes);
        self.filled(bytes.len());
    }

    /// The file is at its end: frames that it cuts become rows.
    pub fn finish(&mut self) {
        if core::mem::replace(&mut self.finished, true) {
            return;
        }
        if self.kept > 0 && self.trouble.is_none() {
            self.trouble = Some(String::from("the file ends inside a packet"));
        }
        match &mut self.source {
            Source::Packets(_, network) => network.finish(&self.settings, &mut self.store),
            Source::Bare { conversation, .. } => conversation.finish(&mut self.store),
            Source::Live { conversations, .. } => {
                for conversation in conversations {
                    conversation.finish(&mut self.store);
                }
            }
        }
    }

    /// Takes what it can of the bytes; how many.
    fn parse(&mut self, bytes: &mut [u8]) -> usize {
        let Self { source, settings, store, trouble, .. } = self;
        match source {
            Source::Live { .. } => bytes.len(),
            Source::Bare { conversation, end, position } => {
                let length = bytes.len();
                conversation.bytes(*end, bytes, *position, 0.0, settings, store);
                *position += length as u64;
                length
            }
            Source::Packets(file, network) => {
                let mut used = 0;
                while trouble.is_none() {
                    let slice = &mut bytes[used..];
                    let (length, packet) = match file.next(slice) {
                        Ok((0, _)) => break,
                        Ok(parsed) => parsed,
                        Err(error) => {
                            *trouble = Some(error);
                            break;
                        }
                    };
                    used += length;
                    let Some(packet) = packet else { continue };
                    if let Some(segment) = packet::segment(&packet, slice) {
                        let payload = &mut slice[segment.at..segment.at + segment.length];
                        network.segment(&segment, payload, settings, store);
                    } else if !packet::is_known(packet.link) {
                        *trouble = Some(format!("packets of {} cannot be read", packet.link));
                    }
                }
                if trouble.is_some() { bytes.len() } else { used }
            }
        }
    }

    /// A new connection of a live capture; its number.
    pub fn connect(&mut self, time: f64, client: Endpoint, server: Endpoint) -> u32 {
        let Source::Live { conversations, .. } = &mut self.source else { return NONE };
        let (conversation, number) = Conversation::known([client, server], time, &mut self.store);
        conversations.push(conversation);
        number
    }

    /// The next bytes of one direction of a live connection. Their place in the "file" is where they
    /// would be if all bytes were written to it in the order of these calls.
    pub fn append(&mut self, connection: u32, direction: usize, time: f64, bytes: &mut [u8]) {
        let Self { source, settings, store, .. } = self;
        let Source::Live { conversations, position } = source else { return };
        if let Some(conversation) = conversations.get_mut(connection as usize) {
            conversation.bytes(direction.min(1), bytes, *position, time, settings, store);
        }
        *position += bytes.len() as u64;
    }

    /// A live connection is over.
    pub fn disconnect(&mut self, connection: u32, time: f64) {
        let Source::Live { conversations, .. } = &mut self.source else { return };
        if let Some(conversation) = conversations.get_mut(connection as usize) {
            conversation.end(End::Fin, time, &mut self.store);
            conversation.finish(&mut self.store);
        }
    }

    /// The frames so far.
    pub fn frames(&self) -> &Frames {
        &self.store.frames
    }

    /// The problems so far.
    pub fn problems(&self) -> &Problems {
        &self.store.problems
    }

    /// The connections so far.
    pub fn connections(&self) -> &[Connection] {
        &self.store.connections
    }

    /// The numbers of the connections that are new or changed since the last call.
    pub fn take_changed(&mut self) -> Vec<u32> {
        self.store.take_changed()
    }

    /// Why nothing more could be read.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The core's judgement of a connection's handshake, with the verdict on each line of its
    /// [`heads`](Connection::heads).
    pub fn review(&self, connection: u32) -> Option<Review> {
        self.store.connections.get(connection as usize).map(opening::review)
    }

    /// Whether the content of a frame is text, as the first frame of its message says.
    pub fn is_text(&self, row: u32) -> bool {
        let first = self.store.frames.message_rows(row).0;
        let opcode = self.store.frames.row(first).map_or(0, |frame| frame.opcode());
        opcode == Opcode::Text as u8
    }

    /// Where bytes of a frame are in the file; 0 is the first byte of its header.
    pub fn places(&self, row: u32, offset: u64, length: u64) -> Vec<Place> {
        let Some(frame) = self.store.frames.row(row) else { return Vec::new() };
        let whole = u64::from(frame.header_length).saturating_add(frame.length);
        let length = length.min(whole.saturating_sub(offset));
        let connection = &self.store.connections[frame.connection as usize];
        connection.tracks[frame.direction()].places(frame.offset + offset, length)
    }

    /// The fields of a frame, by the bytes of its header and the first bytes of its unmasked payload.
    pub fn fields(&self, row: u32, header: &[u8], payload: &[u8]) -> Vec<Field> {
        let broken: Vec<_> = self.store.problems.of_row(row).collect();
        fields(header, payload, &broken)
    }
}
