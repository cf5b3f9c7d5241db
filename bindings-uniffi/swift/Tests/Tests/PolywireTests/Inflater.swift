// Inflation of what the core compressed: RFC 1951, written for this purpose, so that no engine is judged by
// itself and no match may reach beyond the agreed window.

import Foundation

/// The receiving end of a compressed direction.
final class Inflater {
    private let window: Int
    private let noContextTakeover: Bool
    /// Everything so far.
    private var text: [UInt8] = []

    init(windowBits: UInt8, noContextTakeover: Bool) {
        window = 1 << Int(windowBits)
        self.noContextTakeover = noContextTakeover
    }

    /// The plain text of a message without its four last bytes (RFC 7692 section 7.2.2).
    func message(_ payload: Data) throws -> Data {
        if noContextTakeover { text = [] }
        let start = text.count
        var bits = Bits([UInt8](payload) + [0, 0, 0xff, 0xff])
        while !bits.atEnd {
            if try block(&bits) { bits.align() }
        }
        return Data(text[start...])
    }

    /// Inflates one block; returns whether it was marked as the final one.
    private func block(_ bits: inout Bits) throws -> Bool {
        let last = try bits.take(1) == 1
        switch try bits.take(2) {
        case 0: try stored(&bits)
        case 1: try codes(&bits, Self.fixedLiterals, Self.fixedDistances)
        case 2:
            let (literals, distances) = try dynamic(&bits)
            try codes(&bits, literals, distances)
        default: throw Broken("block type 3")
        }
        return last
    }

    private func stored(_ bits: inout Bits) throws {
        bits.align()
        let length = try bits.take(16)
        if try bits.take(16) != length ^ 0xffff { throw Broken("a stored block with a wrong length") }
        for _ in 0..<length { text.append(UInt8(try bits.take(8))) }
    }

    private func codes(_ bits: inout Bits, _ literals: Code, _ distances: Code) throws {
        while true {
            let symbol = try literals.read(&bits)
            switch symbol {
            case 0...255: text.append(UInt8(symbol))
            case 256: return
            case 257..<285: try copy(3 + value(symbol - 257, row: 4, &bits), distances, &bits)
            case 285: try copy(258, distances, &bits)
            default: throw Broken("length code \(symbol)")
            }
        }
    }

    private func copy(_ length: Int, _ distances: Code, _ bits: inout Bits) throws {
        let distance = 1 + (try value(distances.read(&bits), row: 2, &bits))
        if distance > window { throw Broken("distance \(distance) beyond the window \(window)") }
        if distance > text.count { throw Broken("a match before the start") }
        for _ in 0..<length { text.append(text[text.count - distance]) }
    }

    /// What the `code`-th of the codes means that stand for ever longer ranges: the first two rows of `row` codes
    /// have no extra bits, each further row has one bit more.
    private func value(_ code: Int, row: Int, _ bits: inout Bits) throws -> Int {
        let extra = { (at: Int) in max(at / row - 1, 0) }
        return (0..<code).reduce(0) { $0 + 1 << extra($1) } + (try bits.take(extra(code)))
    }

    private func dynamic(_ bits: inout Bits) throws -> (Code, Code) {
        let (literals, distances) = (try bits.take(5) + 257, try bits.take(5) + 1)
        var order = Array(repeating: 0, count: 19)
        for at in 0..<(try bits.take(4) + 4) { order[Self.order[at]] = try bits.take(3) }
        let code = Code(order)
        var lengths: [Int] = []
        while lengths.count < literals + distances {
            let symbol = try code.read(&bits)
            switch symbol {
            case 16:
                guard let last = lengths.last else { throw Broken("a repetition of nothing") }
                lengths += Array(repeating: last, count: 3 + (try bits.take(2)))
            case 17: lengths += Array(repeating: 0, count: 3 + (try bits.take(3)))
            case 18: lengths += Array(repeating: 0, count: 11 + (try bits.take(7)))
            default: lengths.append(symbol)
            }
        }
        return (Code(Array(lengths[..<literals])), Code(Array(lengths[literals...])))
    }

    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let fixedLiterals = Code((0..<288).map { 144...255 ~= $0 ? 9 : 256...279 ~= $0 ? 7 : 8 })
    private static let fixedDistances = Code(Array(repeating: 5, count: 30))
}

/// A canonical Huffman code: how many codes there are of each length, and the symbols in their order.
private struct Code {
    private var counts = Array(repeating: 0, count: 16)
    private let symbols: [Int]

    init(_ lengths: [Int]) {
        for length in lengths where length > 0 { counts[length] += 1 }
        // Not every `sort` is stable, so the symbol decides among equals.
        symbols = lengths.indices.filter { lengths[$0] > 0 }.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    }

    func read(_ bits: inout Bits) throws -> Int {
        var (code, first, index) = (0, 0, 0)
        for count in counts[1...] {
            code |= try bits.take(1)
            if code < first + count { return symbols[index + code - first] }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        throw Broken("no such code")
    }
}

private struct Bits {
    private let data: [UInt8]
    private var at = 0

    init(_ data: [UInt8]) { self.data = data }

    var atEnd: Bool { at >= 8 * data.count }

    mutating func take(_ count: Int) throws -> Int {
        var value = 0
        for place in 0..<count {
            if atEnd { throw Broken("the data ends inside a block") }
            value |= Int(data[at / 8] >> UInt8(at % 8) & 1) << place
            at += 1
        }
        return value
    }

    mutating func align() { at = (at + 7) / 8 * 8 }
}
