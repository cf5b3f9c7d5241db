//! Inflation of what the core compressed: RFC 1951, written for this purpose, so that neither engine
//! is judged by itself and no match may reach beyond the agreed window.

/// The receiving end of a compressed direction.
pub(crate) struct Inflater {
    window: usize,
    no_context_takeover: bool,
    /// Everything so far.
    text: Vec<u8>,
}

impl Inflater {
    pub(crate) fn new(window_bits: u8, no_context_takeover: bool) -> Self {
        Self { window: 1 << window_bits, no_context_takeover, text: Vec::new() }
    }

    /// The plain text of a message without its four last bytes (RFC 7692 section 7.2.2).
    pub(crate) fn message(&mut self, payload: &[u8]) -> Result<Vec<u8>, String> {
        if self.no_context_takeover {
            self.text.clear();
        }
        let start = self.text.len();
        let data = [payload, &[0, 0, 0xff, 0xff]].concat();
        let mut bits = Bits { data: &data, at: 0 };
        while bits.at < data.len() * 8 {
            if self.block(&mut bits)? {
                bits.align();
            }
        }
        Ok(self.text[start..].to_vec())
    }

    /// Inflates one block; returns whether it was marked as the final one.
    fn block(&mut self, bits: &mut Bits<'_>) -> Result<bool, String> {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => self.stored(bits)?,
            1 => {
                let lengths = |symbol| match symbol {
                    144..=255 => 9,
                    256..=279 => 7,
                    _ => 8,
                };
                let literals: Vec<u8> = (0..288).map(lengths).collect();
                self.codes(bits, &Code::new(&literals), &Code::new(&[5; 30]))?;
            }
            2 => {
                let (literals, distances) = dynamic(bits)?;
                self.codes(bits, &literals, &distances)?;
            }
            _ => return Err("block type 3".into()),
        }
        Ok(last)
    }

    fn stored(&mut self, bits: &mut Bits<'_>) -> Result<(), String> {
        bits.align();
        let (len, complement) = (bits.take(16)?, bits.take(16)?);
        if len != !complement & 0xffff {
            return Err("a stored block with a wrong length".into());
        }
        for _ in 0..len {
            self.text.push(bits.take(8)? as u8);
        }
        Ok(())
    }

    fn copy(&mut self, len: usize, distances: &Code, bits: &mut Bits<'_>) -> Result<(), String> {
        let distance = 1 + value(distances.read(bits)?, 2, bits)?;
        if distance > self.window {
            return Err(format!("distance {distance} beyond the window {}", self.window));
        }
        let from = self.text.len().checked_sub(distance).ok_or("a match before the start")?;
        (from..from + len).for_each(|at| self.text.push(self.text[at]));
        Ok(())
    }

    fn codes(
        &mut self,
        bits: &mut Bits<'_>,
        literals: &Code,
        distances: &Code,
    ) -> Result<(), String> {
        loop {
            let symbol = literals.read(bits)?;
            match symbol {
                0..=255 => self.text.push(symbol as u8),
                256 => return Ok(()),
                285 => self.copy(258, distances, bits)?,
                257..285 => {
                    let len = 3 + value(symbol - 257, 4, bits)?;
                    self.copy(len, distances, bits)?;
                }
                _ => return Err(format!("length code {symbol}")),
            }
        }
    }
}

/// What the `code`-th of the codes means that stand for ever longer ranges: the first two rows of
/// `row` codes have no extra bits, each further row has one bit more.
fn value(code: usize, row: usize, bits: &mut Bits<'_>) -> Result<usize, String> {
    let extra = |code: usize| (code / row).saturating_sub(1) as u32;
    let base: usize = (0..code).map(|code| 1 << extra(code)).sum();
    Ok(base + bits.take(extra(code))?)
}

fn dynamic(bits: &mut Bits<'_>) -> Result<(Code, Code), String> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances) = (bits.take(5)? + 257, bits.take(5)? + 1);
    let mut order = [0; 19];
    for &at in &ORDER[..bits.take(4)? + 4] {
        order[at] = bits.take(3)? as u8;
    }
    let code = Code::new(&order);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (length, count) = match code.read(bits)? {
            16 => (*lengths.last().ok_or("a repetition of nothing")?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat_n(length, count));
    }
    let (first, second) = lengths.split_at(literals);
    Ok((Code::new(first), Code::new(second)))
}

/// A canonical Huffman code: how many codes there are of each length, and the symbols in their order.
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        lengths.iter().for_each(|&len| counts[usize::from(len)] += 1);
        counts[0] = 0;
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|&at| lengths[at] > 0).collect();
        symbols.sort_by_key(|&at| lengths[at]);
        Self { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> Result<usize, String> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in &self.counts[1..] {
            code |= bits.take(1)?;
            if code < first + count {
                return Ok(self.symbols[index + code - first]);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err("no such code".into())
    }
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Result<usize, String> {
        let mut value = 0;
        for place in 0..count {
            let byte = self.data.get(self.at / 8).ok_or("the data ends inside a block")?;
            value |= usize::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Ok(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}
