//! Packets out of capture files.
//!
//! Owns the two formats, as streams: files come in slices of any size, and only what a slice cuts is
//! kept. Knows nothing of what packets carry. The formats themselves are read by `pcap-parser`.

use pcap_parser::nom::Err;
use pcap_parser::pcapng::{Block, parse_block_be, parse_block_le};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{
    Linktype, PcapError, PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header,
};

/// A packet of a capture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    /// In microseconds since 1970.
    pub(crate) time: f64,
    pub(crate) link: Linktype,
    /// Where its first byte is in the file, and in the slice.
    pub(crate) file_at: u64,
    pub(crate) at: usize,
    /// How much of it is there, and how much it was on the wire.
    pub(crate) length: usize,
    pub(crate) original: usize,
}

/// A file that is being read.
#[derive(Debug)]
pub(crate) struct File {
    kind: Kind,
    /// Where in the file the next byte to parse is.
    position: u64,
    interfaces: Vec<Interface>,
    big_endian: bool,
}

#[derive(Debug)]
enum Kind {
    /// The header is awaited.
    Pcap(Option<PcapHeader>),
    Pcapng,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: Linktype,
    /// Units of time in a second, and what is added to them in microseconds.
    resolution: u64,
    offset: f64,
}

/// No packet is longer; a block that claims to be is none.
pub(crate) const LONGEST: usize = 64 << 20;

impl File {
    pub(crate) fn pcap() -> Self {
        Self::new(Kind::Pcap(None))
    }

    pub(crate) fn pcapng() -> Self {
        Self::new(Kind::Pcapng)
    }

    fn new(kind: Kind) -> Self {
        Self { kind, position: 0, interfaces: Vec::new(), big_endian: false }
    }

    /// The next packet in `bytes`, which begin at the file's position, and how many of them are used.
    /// Nothing is used where more is needed.
    ///
    /// # Errors
    ///
    /// What is wrong with the file: nothing behind it can be read.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<(usize, Option<Packet>), String> {
        let parsed = match &self.kind {
            Kind::Pcap(None) => self.pcap_header(bytes),
            Kind::Pcap(Some(header)) => pcap_packet(&header.clone(), self.position, bytes),
            Kind::Pcapng => self.pcapng_block(bytes),
        };
        let (used, packet) = match parsed {
            Ok(parsed) => parsed,
            Err(Failure::Incomplete) => (0, None),
            Err(Failure::Broken) => {
                return Err(format!("not a packet at byte {} of the file", self.position));
            }
        };
        self.position += used as u64;
        Ok((used, packet))
    }

    fn pcap_header(&mut self, bytes: &[u8]) -> Parsed {
        let (rest, header) = parse_pcap_header(bytes).map_err(Failure::from)?;
        self.kind = Kind::Pcap(Some(header));
        Ok((bytes.len() - rest.len(), None))
    }

    fn pcapng_block(&mut self, bytes: &[u8]) -> Parsed {
        // A section says itself in which order its bytes are: behind its type and length.
        if let [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, order, ..] = bytes {
            self.big_endian = *order == 0x1a;
        }
        let length = block_length(bytes, self.big_endian)?;
        if length > LONGEST {
            return Err(Failure::Broken);
        }
        if bytes.len() < length {
            return Err(Failure::Incomplete);
        }
        let parse = if self.big_endian { parse_block_be } else { parse_block_le };
        let (rest, block) = parse(bytes).map_err(Failure::from)?;
        let used = bytes.len() - rest.len();
        let at = |data: &[u8]| data.as_ptr().addr() - bytes.as_ptr().addr();
        let packet = match &block {
            Block::SectionHeader(_) => {
                self.interfaces.clear();
                None
            }
            Block::InterfaceDescription(it) => {
                self.interfaces.push(Interface {
                    link: it.linktype,
                    resolution: it.ts_resolution().unwrap_or(1_000_000),
                    offset: it.ts_offset() as f64 * 1e6,
                });
                None
            }
            Block::EnhancedPacket(it) => {
                let units = u64::from(it.ts_high) << 32 | u64::from(it.ts_low);
                let data = it.packet_data();
                self.packet(it.if_id, Some(units), at(data), data.len(), it.origlen as usize)
            }
            Block::SimplePacket(it) => {
                let data = it.packet_data();
                self.packet(0, None, at(data), data.len(), it.origlen as usize)
            }
            _ => None,
        };
        Ok((used, packet))
    }

    fn packet(
        &self,
        interface: u32,
        units: Option<u64>,
        at: usize,
        length: usize,
        original: usize,
    ) -> Option<Packet> {
        let Interface { link, resolution, offset } = *self.interfaces.get(interface as usize)?;
        let time = units.map_or(0.0, |units| micros(units, resolution) + offset);
        Some(Packet { time, link, file_at: self.position + at as u64, at, length, original })
    }
}

/// Whole microseconds, exactly: nanoseconds since 1970 do not fit a double.
fn micros(units: u64, resolution: u64) -> f64 {
    let micros = u128::from(units) * 1_000_000 / u128::from(resolution.max(1));
    micros as f64
}

fn pcap_packet(header: &PcapHeader, position: u64, bytes: &[u8]) -> Parsed {
    let word = |at: usize| -> Option<u32> {
        let word = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if header.is_bigendian() {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        })
    };
    let length = word(8).ok_or(Failure::Incomplete)? as usize;
    if length > LONGEST {
        return Err(Failure::Broken);
    }
    let parse = if header.is_bigendian() { parse_pcap_frame_be } else { parse_pcap_frame };
    let (rest, frame) = parse(bytes).map_err(Failure::from)?;
    let fraction = f64::from(frame.ts_usec);
    let fraction =
        if header.is_nanosecond_precision() { (fraction / 1e3).floor() } else { fraction };
    let at = frame.data.as_ptr().addr() - bytes.as_ptr().addr();
    let packet = Packet {
        time: f64::from(frame.ts_sec) * 1e6 + fraction,
        link: header.network,
        file_at: position + at as u64,
        at,
        length: frame.data.len(),
        original: frame.origlen as usize,
    };
    Ok((bytes.len() - rest.len(), Some(packet)))
}

fn block_length(bytes: &[u8], big_endian: bool) -> Result<usize, Failure> {
    let length = bytes.get(4..8).and_then(|word| word.try_into().ok());
    let length = length.ok_or(Failure::Incomplete)?;
    let length = if big_endian { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) };
    Ok(length as usize)
}

type Parsed = Result<(usize, Option<Packet>), Failure>;

#[derive(Debug)]
enum Failure {
    Incomplete,
    Broken,
}

impl From<Err<PcapError<&[u8]>>> for Failure {
    fn from(error: Err<PcapError<&[u8]>>) -> Self {
        match error {
            Err::Incomplete(_) => Self::Incomplete,
            Err::Error(_) | Err::Failure(_) => Self::Broken,
        }
    }
}
