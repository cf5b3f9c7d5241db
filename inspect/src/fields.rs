//! The fields of one frame, bit by bit.
//!
//! Owns their names, their words, and which field a rule is about. Knows nothing of captures.

use crate::problem::rule_index;
use polywire::{FrameHeader, Opcode, Rule};

/// A field of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in code.
    pub name: &'static str,
    /// Its name as RFC 6455 writes it.
    pub label: &'static str,
    /// Its value as it is written.
    pub value: String,
    /// What it says here.
    pub meaning: String,
    /// Its first bit, counted from the first of the frame, and how many bits it has.
    pub bit: u64,
    /// How many bits it has.
    pub bits: u64,
    /// Where it is defined.
    pub section: &'static str,
    /// The place in the table of the rule that it breaks.
    pub rule: Option<u16>,
    /// 1 if it is inside the field before it.
    pub depth: u8,
}

const LAYOUT: &str = "RFC 6455 section 5.2";

/// The fields of a frame in the order of the wire: by the bytes of its header, the first bytes of its
/// payload without mask (of interest for close frames), and the rules that it breaks with what was
/// found.
pub fn fields(header: &[u8], payload: &[u8], broken: &[(Rule, u64)]) -> Vec<Field> {
    let Some(parsed) = FrameHeader::parse(header, 0) else { return Vec::new() };
    let mut fields = Fields { list: Vec::new(), broken };
    fields.first_byte(&parsed);
    fields.length(&parsed);
    if let Some(key) = parsed.mask {
        let value = key.map(|byte| format!("{byte:02x}")).join(" ");
        let at = u64::from(parsed.header_len) - 4;
        let meaning = "the payload is XORed with these four bytes, over and over";
        fields.add("masking_key", "Masking-key", value, meaning, at * 8, 32);
        fields.last().section = "RFC 6455 section 5.3";
    }
    fields.payload(&parsed, payload);
    fields.list
}

struct Fields<'a> {
    list: Vec<Field>,
    broken: &'a [(Rule, u64)],
}

impl Fields<'_> {
    fn first_byte(&mut self, header: &FrameHeader) {
        let bit = |mask: u8| header.first & mask != 0;
        let digit = |set: bool| String::from(if set { "1" } else { "0" });
        let control = header.opcode().is_some_and(Opcode::is_control);
        let fin = match (header.fin(), control) {
            (true, false) => "the last fragment of its message",
            (false, false) => "more fragments follow",
            (true, true) => "control frames are never fragmented",
            (false, true) => "a fragment of a control frame",
        };
        self.add("fin", "FIN", digit(header.fin()), fin, 0, 1);
        let names =
            [("rsv1", "RSV1", 0x40, 1), ("rsv2", "RSV2", 0x20, 2), ("rsv3", "RSV3", 0x10, 3)];
        for (name, label, mask, at) in names {
            let reserved =
                self.found(Rule::ReservedBits).is_some_and(|bits| bits << 4 & u64::from(mask) != 0);
            let meaning = match (bit(mask), mask) {
                (false, _) => "not used",
                (true, 0x40) if !reserved => "the message is compressed (permessage-deflate)",
                (true, _) => "set, and no extension defines it",
            };
            self.add(name, label, digit(bit(mask)), meaning, at, 1);
            let rule = if reserved && bit(mask) {
                Some(Rule::ReservedBits)
            } else {
                Some(Rule::DeflateBitOnContinuation)
                    .filter(|&rule| mask == 0x40 && self.breaks(rule))
            };
            self.last().rule = rule.map(rule_index);
            if mask == 0x40 && bit(mask) {
                self.last().section = "RFC 7692 section 6";
            }
        }
        let nibble = header.first & 15;
        let opcode = match header.opcode() {
            Some(Opcode::Continuation) => "continuation of a message",
            Some(Opcode::Text) => "text",
            Some(Opcode::Binary) => "binary",
            Some(Opcode::Close) => "close",
            Some(Opcode::Ping) => "ping",
            Some(Opcode::Pong) => "pong",
            None if nibble < 8 => "reserved for data frames to come",
            None => "reserved for control frames to come",
        };
        self.add("opcode", "opcode", format!("{nibble:#x}"), opcode, 4, 4);
    }

    fn length(&mut self, header: &FrameHeader) {
        let masked = header.second & 0x80 != 0;
        let meaning =
            if masked { "masked, as clients must" } else { "not masked, as servers must not" };
        let wrong = self.breaks(Rule::MaskMissing) || self.breaks(Rule::MaskUnexpected);
        let meaning = match (wrong, masked) {
            (false, _) => meaning,
            (true, true) => "masked, though it comes from a server",
            (true, false) => "not masked, though it comes from a client",
        };
        self.add("mask", "MASK", String::from(if masked { "1" } else { "0" }), meaning, 8, 1);
        let short = header.second & 0x7f;
        let meaning = match short {
            126 => "the length is in the next two bytes",
            127 => "the length is in the next eight bytes",
            _ => "bytes of payload",
        };
        self.add("length7", "Payload length", short.to_string(), meaning, 9, 7);
        let (name, bits) = match short {
            126 => ("length16", 16),
            127 => ("length64", 64),
            _ => return,
        };
        let value = header.payload_len.to_string();
        self.add(name, "Extended payload length", value, "bytes of payload", 16, bits);
    }

    fn payload(&mut self, header: &FrameHeader, payload: &[u8]) {
        let length = header.payload_len;
        if length == 0 && !self.breaks(Rule::TextNotUtf8) {
            return;
        }
        let at = u64::from(header.header_len) * 8;
        let closes = header.opcode() == Some(Opcode::Close);
        let meaning = match header.opcode() {
            Some(Opcode::Close) => "why the connection is closed",
            Some(Opcode::Ping | Opcode::Pong) => "comes back in the pong",
            _ => "content",
        };
        let value = if length == 1 { String::from("1 byte") } else { format!("{length} bytes") };
        self.add("payload", "Payload data", value, meaning, at, length.saturating_mul(8));
        let (true, [high, low, reason @ ..]) = (closes, payload) else { return };
        let code = u16::from_be_bytes([*high, *low]);
        self.add("close_code", "status code", code.to_string(), code_meaning(code), at, 16);
        self.inside("RFC 6455 section 7.4");
        if !reason.is_empty() {
            let text = String::from_utf8_lossy(reason).into_owned();
            let bits = (length - 2).saturating_mul(8);
            self.add("close_reason", "reason", text, "for people, in UTF-8", at + 16, bits);
            self.inside("RFC 6455 section 5.5.1");
        }
    }

    fn inside(&mut self, section: &'static str) {
        let field = self.last();
        field.section = section;
        field.depth = 1;
    }

    fn add(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: String,
        meaning: &str,
        bit: u64,
        bits: u64,
    ) {
        let rule = self.broken.iter().find(|&&(rule, _)| about(rule).contains(&name));
        let rule = rule.map(|&(rule, _)| rule_index(rule));
        let meaning = String::from(meaning);
        self.list.push(Field {
            name,
            label,
            value,
            meaning,
            bit,
            bits,
            section: LAYOUT,
            rule,
            depth: 0,
        });
    }

    fn last(&mut self) -> &mut Field {
        self.list.last_mut().expect("a field was added just before")
    }

    fn found(&self, rule: Rule) -> Option<u64> {
        self.broken.iter().find(|(other, _)| *other == rule).map(|&(_, found)| found)
    }

    fn breaks(&self, rule: Rule) -> bool {
        self.found(rule).is_some()
    }
}

/// The fields that a rule is about. The reserved bits are told apart by what was found.
const fn about(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::ReservedOpcode | Rule::UnexpectedContinuation | Rule::ExpectedContinuation => {
            &["opcode"]
        }
        Rule::MaskMissing | Rule::MaskUnexpected => &["mask"],
        Rule::LengthNotMinimal | Rule::LengthHighBit => &["length16", "length64"],
        Rule::ControlFragmented => &["fin"],
        Rule::ControlTooLong => &["length7"],
        Rule::TextNotUtf8 | Rule::DeflateInvalid | Rule::ClosePayloadTruncated => &["payload"],
        Rule::CloseCodeInvalid => &["close_code"],
        Rule::CloseReasonNotUtf8 => &["close_reason"],
        _ => &[],
    }
}

/// The registry of RFC 6455 section 7.4.1, with what was added to it.
const fn code_meaning(code: u16) -> &'static str {
    match code {
        1000 => "normal closure",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no status: never sent",
        1006 => "abnormal closure: never sent",
        1007 => "payload that does not fit its type",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "an extension is missing",
        1011 => "unexpected condition",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        1015 => "failed TLS handshake: never sent",
        3000..=3999 => "registered by a library or framework",
        4000..=4999 => "private use",
        _ => "not defined",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_frame() {
        let header = [0xc1, 0xfe, 0x01, 0x00, 0x37, 0xfa, 0x21, 0x3d];
        let all = fields(&header, b"", &[]);
        let shown: Vec<_> =
            all.iter().map(|it| (it.name, &it.value[..], it.bit, it.bits)).collect();
        let expected = [
            ("fin", "1", 0, 1),
            ("rsv1", "1", 1, 1),
            ("rsv2", "0", 2, 1),
            ("rsv3", "0", 3, 1),
            ("opcode", "0x1", 4, 4),
            ("mask", "1", 8, 1),
            ("length7", "126", 9, 7),
            ("length16", "256", 16, 16),
            ("masking_key", "37 fa 21 3d", 32, 32),
            ("payload", "256 bytes", 64, 2048),
        ];
        assert_eq!(shown, expected);
        assert!(all.iter().all(|field| field.rule.is_none()));
    }

    #[test]
    fn rules_stand_at_their_fields() {
        let header = [0x78, 0x04];
        let broken =
            [(Rule::ReservedBits, 7), (Rule::ControlFragmented, 8), (Rule::CloseCodeInvalid, 1005)];
        let all = fields(&header, b"\x03\xedno", &broken);
        let bad: Vec<_> =
            all.iter().filter(|field| field.rule.is_some()).map(|field| field.name).collect();
        assert_eq!(bad, ["fin", "rsv1", "rsv2", "rsv3", "close_code"]);
        let code = all.iter().find(|field| field.name == "close_code").expect("it is there");
        assert_eq!((&code.value[..], code.depth, code.bit), ("1005", 1, 16));
    }
}
