//! The messages: seeded, so that every engine and every run sees the same bytes.

/// What the payloads are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Random bytes in binary messages.
    Binary,
    /// JSON-like text, ASCII only.
    Ascii,
    /// Text of Cyrillic words and emoji: no ASCII shortcut helps.
    Unicode,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Binary, Self::Ascii, Self::Unicode];

    pub fn is_text(self) -> bool {
        self != Self::Binary
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ascii => "text, ASCII",
            Self::Unicode => "text, Cyrillic and emoji",
        }
    }

    fn opcode(self) -> u8 {
        if self.is_text() { 0x1 } else { 0x2 }
    }
}

/// SplitMix64: small, seeded, good enough for payloads and mask keys.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// One payload of exactly `size` bytes.
pub fn payload(kind: Kind, size: usize, random: &mut Random) -> Vec<u8> {
    match kind {
        Kind::Binary => {
            (0..size.div_ceil(8)).flat_map(|_| random.next().to_le_bytes()).take(size).collect()
        }
        Kind::Ascii => json(size, random),
        Kind::Unicode => words(size, random),
    }
}

/// Records as a price feed or a chat would send them, cut out at a random place: small messages
/// would otherwise all be the same first fields.
pub fn json(size: usize, random: &mut Random) -> Vec<u8> {
    const NAMES: [&str; 6] = ["trade", "quote", "presence", "message", "typing", "ack"];
    const SYMBOLS: [&str; 5] = ["EURUSD", "BTCUSDT", "AAPL", "general", "lobby-7"];
    let start = random.below(150);
    let mut text = String::with_capacity(size + 320);
    while text.len() < start + size {
        text.push_str(&format!(
            "{{\"type\":\"{}\",\"channel\":\"{}\",\"sequence\":{},\"price\":{}.{:02},\"user\":{{\"id\":{},\"active\":{}}},\"at\":\"2026-11-{:02}T{:02}:{:02}:00Z\"}},",
            NAMES[random.below(6)],
            SYMBOLS[random.below(5)],
            random.next() % 1_000_000,
            random.next() % 50_000,
            random.next() % 100,
            random.next() % 100_000,
            random.next() % 2 == 0,
            1 + random.next() % 28,
            random.next() % 24,
            random.next() % 60,
        ));
    }
    text[start..start + size].into()
}

fn words(size: usize, random: &mut Random) -> Vec<u8> {
    const WORDS: [&str; 8] =
        ["привет", "мир", "сообщение", "🙂", "дождь", "🚀🚀", "окно", "подключение"];
    let mut text = String::with_capacity(size + 32);
    loop {
        let word = WORDS[random.below(WORDS.len())];
        if text.len() + word.len() > size {
            break;
        }
        text.push_str(word);
    }
    // Whole characters to the end: one Cyrillic letter more, if it fits, and a space.
    while text.len() + 2 <= size {
        text.push('я');
    }
    text.extend((text.len()..size).map(|_| ' '));
    text.into_bytes()
}

/// A frame as a client sends it.
pub fn masked_frame(kind: Kind, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![0x80 | kind.opcode()];
    match payload.len() {
        n @ 0..=125 => frame.push(0x80 | n as u8),
        n @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((n as u16).to_be_bytes());
        }
        n => {
            frame.push(0x80 | 127);
            frame.extend((n as u64).to_be_bytes());
        }
    }
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Reads whole single-frame messages back, simply and slowly.
///
/// # Panics
/// When a frame is cut, fragmented, or masked against its role.
pub fn unframe(mut bytes: &[u8], masked: bool, tally: &mut Tally) {
    while !bytes.is_empty() {
        let opcode = bytes[0] ^ 0x80;
        assert!(opcode == 0x1 || opcode == 0x2, "one final data frame per message");
        assert_eq!(bytes[1] & 0x80 != 0, masked, "clients mask, servers do not");
        let (size, header) = match bytes[1] & 0x7f {
            126 => (u16::from_be_bytes([bytes[2], bytes[3]]).into(), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().expect("eight bytes")) as usize, 10),
            n => (usize::from(n), 2),
        };
        let key: &[u8] = if masked { &bytes[header..header + 4] } else { &[0] };
        let start = header + if masked { 4 } else { 0 };
        let payload = &bytes[start..start + size];
        let clear: Vec<_> =
            payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        tally.message(opcode == 0x1, &clear);
        bytes = &bytes[start + size..];
    }
}

/// What an engine says it has seen or sent. It must equal what the corpus holds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    pub messages: u64,
    pub bytes: u64,
    pub sum: u64,
}

impl Tally {
    /// Notes one whole message: its type, its length, and three of its bytes.
    #[inline(always)]
    pub fn message(&mut self, text: bool, payload: &[u8]) {
        let payload = std::hint::black_box(payload);
        let n = payload.len();
        self.messages += 1;
        self.bytes += n as u64;
        if n > 0 {
            let mix = u64::from(payload[0])
                | u64::from(payload[n / 2]) << 8
                | u64::from(payload[n - 1]) << 16
                | u64::from(text) << 24;
            self.sum = self.sum.wrapping_add(mix);
        }
    }

    #[inline(always)]
    pub fn text(&mut self, payload: &str) {
        self.message(true, payload.as_bytes());
    }

    #[inline(always)]
    pub fn binary(&mut self, payload: &[u8]) {
        self.message(false, payload);
    }

    pub fn times(self, factor: u64) -> Self {
        Self {
            messages: self.messages * factor,
            bytes: self.bytes * factor,
            sum: self.sum.wrapping_mul(factor),
        }
    }
}

/// Distinct payloads of one kind and size.
pub struct Corpus {
    pub kind: Kind,
    pub size: usize,
    pub payloads: Vec<Vec<u8>>,
    pub tally: Tally,
}

impl Corpus {
    /// As many payloads as make up about `total` bytes, two at least.
    pub fn new(kind: Kind, size: usize, total: usize) -> Self {
        let mut random = Random::new(0x706f_6c79_7769_7265 ^ size as u64);
        let count = (total / size).clamp(2, 4096);
        let payloads: Vec<_> = (0..count).map(|_| payload(kind, size, &mut random)).collect();
        let mut tally = Tally::default();
        for payload in &payloads {
            tally.message(kind.is_text(), payload);
        }
        Self { kind, size, payloads, tally }
    }

    /// The frames of all payloads, masked with a key each.
    pub fn masked_stream(&self) -> Vec<u8> {
        let mut random = Random::new(0x6d61_736b);
        let key = |random: &mut Random| (random.next() as u32).to_ne_bytes();
        self.payloads
            .iter()
            .flat_map(|payload| masked_frame(self.kind, payload, key(&mut random)))
            .collect()
    }
}
