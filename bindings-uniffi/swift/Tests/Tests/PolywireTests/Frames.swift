// Output taken apart: a frame parser of its own, so that the core is not judged by itself.

import Foundation

struct Frame: CustomStringConvertible {
    let fin: Bool
    let rsv1: Bool
    let opcode: UInt8
    let payload: Data

    var description: String {
        "opcode \(opcode) fin \(fin) rsv1 \(rsv1) payload \(payload.prefix(64).hex) (\(payload.count))"
    }
}

/// Splits output into frames and unmasks them. `masked` says what every frame must be.
func frames(_ output: Data, masked: Bool) throws -> [Frame] {
    let bytes = [UInt8](output)
    var at = 0
    var frames: [Frame] = []
    func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard bytes.count - at >= count else { throw Broken("half a frame") }
        defer { at += count }
        return bytes[at..<at + count]
    }
    func number(_ length: Int, least: Int) throws -> Int {
        let number = try take(length).reduce(0) { $0 << 8 | Int($1) }
        if number < least { throw Broken("a length that is not minimal") }
        return number
    }
    while at < bytes.count {
        let start = Array(try take(2))
        if start[0] & 0x30 != 0 || (start[1] & 0x80 != 0) != masked { throw Broken("a frame that begins with \(start)") }
        let short = start[1] & 0x7f
        let length = short == 126 ? try number(2, least: 126) : short == 127 ? try number(8, least: 0x1_0000) : Int(short)
        let key = Array(try take(masked ? 4 : 0))
        var payload = Array(try take(length))
        if masked { for index in payload.indices { payload[index] ^= key[index % 4] } }
        frames.append(
            Frame(fin: start[0] & 0x80 != 0, rsv1: start[0] & 0x40 != 0, opcode: start[0] & 15, payload: Data(payload)))
    }
    return frames
}

/// Takes the frames that `expected` describes off the front of `frames`.
func expectFrame(_ frames: inout ArraySlice<Frame>, _ expected: JSON, _ inflater: Inflater?) throws {
    guard let first = frames.popFirst() else { throw Broken("no frame for \(expected)") }
    let wrong = Broken("expected \(expected), found \(first)")
    let compressed = expected["deflated"] == .null ? first.rsv1 : expected["deflated"]?.flag ?? false
    if first.rsv1 != compressed { throw wrong }
    var found = first.payload
    if compressed {
        let message = try whole(first, &frames, expected)
        guard let inflater else { throw Broken("compression without agreement") }
        found = try inflater.message(message)
    } else if first.fin != expected["fin"]?.flag ?? true {
        throw wrong
    }
    let wanted = wanted(expected)
    let isSame = wanted.isPrefix ? found.starts(with: wanted.payload) : found == wanted.payload
    if first.opcode != wanted.opcode || !isSame { throw wrong }
}

/// The payload of a compressed message, whose fragments must be `fragments` in number.
private func whole(_ first: Frame, _ frames: inout ArraySlice<Frame>, _ expected: JSON) throws -> Data {
    var (message, fin, count) = (first.payload, first.fin, UInt64(1))
    while !fin {
        guard let next = frames.popFirst() else { throw Broken("a message without an end") }
        if next.opcode != 0 || next.rsv1 { throw Broken("expected a continuation, found \(next)") }
        message.append(next.payload)
        fin = next.fin
        count += 1
    }
    if count != expected["fragments"]?.number ?? 1 { throw Broken("\(count) fragments") }
    return message
}

private func wanted(_ expected: JSON) -> (opcode: UInt8, payload: Data, isPrefix: Bool) {
    if let close = expected["close"] {
        let code = close.number.map { Data([UInt8($0 >> 8), UInt8($0 & 0xff)]) } ?? Data()
        if let reason = expected["reason"] { return (8, code + Data(reason.text.utf8), false) }
        return (8, code, !code.isEmpty)
    }
    for (kind, opcode) in [("continuation", UInt8(0)), ("binary", 2), ("ping", 9), ("pong", 10)] {
        if let payload = expected[kind] { return (opcode, payload.bytes, false) }
    }
    return (1, Data(expected["text"]!.text.utf8), false)
}
