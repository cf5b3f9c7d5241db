//! Captures made of bytes: files, packets, streams, frames.
//!
//! Owns the layouts that the crate reads, written down a second time, so that it is not judged by the
//! libraries that it reads them with.
#![allow(dead_code, unreachable_pub, reason = "each user needs some of it")]

/// Who sends.
pub const CLIENT: usize = 0;
/// Who answers.
pub const SERVER: usize = 1;

/// What a capture file is written as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Format {
    Pcap,
    /// With the most significant byte first.
    PcapBigEndian,
    PcapNanoseconds,
    Pcapng,
}

/// What is below IP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    Null = 0,
    Ethernet = 1,
    Raw = 101,
    LinuxSll = 113,
    LinuxSll2 = 276,
}

/// A capture file.
pub struct File {
    format: Format,
    link: Link,
    /// How much of a packet is kept.
    pub snap: usize,
    pub bytes: Vec<u8>,
}

impl File {
    pub fn new(format: Format, link: Link) -> Self {
        let mut file = Self { format, link, snap: usize::MAX, bytes: Vec::new() };
        match format {
            Format::Pcapng => {
                file.block(
                    0x0a0d_0d0a,
                    &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat(),
                );
                let link = link as u16;
                file.block(1, &[&link.to_le_bytes()[..], &[0; 6]].concat());
            }
            _ => {
                let magic =
                    if format == Format::PcapNanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
                file.word(magic);
                let version = file.half(2).into_iter().chain(file.half(4)).collect::<Vec<u8>>();
                file.bytes.extend(version);
                for word in [0, 0, 0x4_0000, link as u32] {
                    file.word(word);
                }
            }
        }
        file
    }

    fn half(&self, value: u16) -> [u8; 2] {
        if self.format == Format::PcapBigEndian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn word(&mut self, value: u32) {
        let big = self.format == Format::PcapBigEndian;
        self.bytes.extend(if big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = 12 + body.len().next_multiple_of(4) as u32;
        self.word(kind);
        self.word(length);
        self.bytes.extend_from_slice(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.word(length);
    }

    /// A packet of IP at a time in microseconds.
    pub fn packet(&mut self, micros: u64, version: u8, ip: &[u8]) {
        let kind: u16 = if version == 4 { 0x0800 } else { 0x86dd };
        let mut packet = match self.link {
            Link::Null => vec![if version == 4 { 2 } else { 30 }, 0, 0, 0],
            Link::Ethernet => [&[2; 12][..], &kind.to_be_bytes()].concat(),
            Link::Raw => Vec::new(),
            Link::LinuxSll => [&[0; 14][..], &kind.to_be_bytes()].concat(),
            Link::LinuxSll2 => [&kind.to_be_bytes()[..], &[0; 18]].concat(),
        };
        packet.extend_from_slice(ip);
        let kept = packet.len().min(self.snap);
        if self.format == Format::Pcapng {
            let words = [0, (micros >> 32) as u32, micros as u32, kept as u32, packet.len() as u32];
            let head = words.map(u32::to_le_bytes).concat();
            self.block(6, &[&head[..], &packet[..kept]].concat());
            return;
        }
        let factor = if self.format == Format::PcapNanoseconds { 1000 } else { 1 };
        for word in
            [micros / 1_000_000, micros % 1_000_000 * factor, kept as u64, packet.len() as u64]
        {
            self.word(word as u32);
        }
        self.bytes.extend_from_slice(&packet[..kept]);
    }
}

/// A connection of TCP, and what it puts on the wire.
pub struct Tcp {
    pub file: File,
    pub version: u8,
    /// The time of the next packet, and what passes until the one after it.
    pub micros: u64,
    pub step: u64,
    pub ports: [u16; 2],
    /// The number of the next byte of each end.
    pub sequence: [u32; 2],
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

impl Tcp {
    pub fn new(file: File) -> Self {
        Self {
            file,
            version: 4,
            micros: 1_700_000_000_000_000,
            step: 10,
            ports: [50_000, 80],
            // One wraps soon.
            sequence: [u32::MAX - 100, 7_000],
        }
    }

    /// Another connection into the same file.
    pub fn another(self, port: u16) -> Self {
        Self { ports: [port, 80], sequence: [1000, 2000], ..self }
    }

    pub fn open(&mut self) {
        self.packet(CLIENT, SYN, 0, &[]);
        self.sequence[CLIENT] = self.sequence[CLIENT].wrapping_add(1);
        self.packet(SERVER, SYN | ACK, 0, &[]);
        self.sequence[SERVER] = self.sequence[SERVER].wrapping_add(1);
        self.packet(CLIENT, ACK, 0, &[]);
    }

    /// The next bytes of one end, in one packet.
    pub fn send(&mut self, end: usize, bytes: &[u8]) {
        self.packet(end, ACK, 0, bytes);
        self.skip(end, bytes.len());
    }

    /// The bytes at this distance from the next, in one packet; the next stays.
    pub fn send_at(&mut self, end: usize, distance: i64, bytes: &[u8]) {
        self.packet(end, ACK, distance, bytes);
    }

    /// So many bytes were sent, and are in no packet.
    pub fn skip(&mut self, end: usize, length: usize) {
        self.sequence[end] = self.sequence[end].wrapping_add(length as u32);
    }

    pub fn acknowledge(&mut self, end: usize) {
        self.packet(end, ACK, 0, &[]);
    }

    pub fn close(&mut self) {
        for end in [CLIENT, SERVER] {
            self.packet(end, FIN | ACK, 0, &[]);
        }
    }

    pub fn reset(&mut self, end: usize) {
        self.packet(end, RST, 0, &[]);
    }

    fn packet(&mut self, end: usize, flags: u8, distance: i64, payload: &[u8]) {
        let sequence = self.sequence[end].wrapping_add(distance as u32);
        let ports = [self.ports[end], self.ports[1 - end]].map(u16::to_be_bytes).concat();
        let numbers = [sequence, self.sequence[1 - end]].map(u32::to_be_bytes).concat();
        let tcp =
            [&ports[..], &numbers, &[5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0], payload].concat();
        let host = |end: usize| end as u8 + 1;
        let ip = if self.version == 4 {
            let length = (20 + tcp.len()) as u16;
            let start =
                [&[0x45, 0][..], &length.to_be_bytes(), &[0, 0, 0, 0, 64, 6, 0, 0]].concat();
            [&start[..], &[10, 0, 0, host(end), 10, 0, 0, host(1 - end)], &tcp].concat()
        } else {
            let length = (tcp.len() as u16).to_be_bytes();
            let address = |end| [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[host(end)]].concat();
            [&[0x60, 0, 0, 0][..], &length, &[6, 64], &address(end), &address(1 - end), &tcp]
                .concat()
        };
        self.file.packet(self.micros, self.version, &ip);
        self.micros += self.step;
    }
}

/// A request and its answer; `extensions` is the line of both.
pub fn handshake(extensions: &str) -> [String; 2] {
    let line = |value: &str| match value {
        "" => String::new(),
        value => format!("Sec-WebSocket-Extensions: {value}\r\n"),
    };
    let request = format!(
        "GET /chat?room=1 HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
        line(extensions)
    );
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{}\r\n",
        line(extensions)
    );
    [request, response]
}

/// A frame as one end sends it: masked by the client.
pub fn frame(end: usize, first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = if end == CLIENT { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(mask | length as u8),
        length @ 126..0x1_0000 => {
            frame.push(mask | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(mask | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    if end == SERVER {
        frame.extend_from_slice(payload);
        return frame;
    }
    let key = [0x37, 0xfa, 0x21, 0x3d];
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}
