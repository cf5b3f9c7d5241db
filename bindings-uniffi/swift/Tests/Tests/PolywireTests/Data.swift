// The files of `tests/vectors`, and the few notations in them.

import Foundation

/// A vector was not kept.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A value of JSON, with numbers that are exact.
enum JSON: Decodable, Equatable, CustomStringConvertible {
    case null
    case flag(Bool)
    case number(UInt64)
    case real(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(UInt64.self) {
            self = .number(number)
        } else if let real = try? value.decode(Double.self) {
            self = .real(real)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([JSON].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    subscript(name: String) -> JSON? {
        if case .object(let fields) = self { return fields[name] }
        return nil
    }

    var fields: [String: JSON] {
        if case .object(let fields) = self { return fields }
        return [:]
    }

    var flag: Bool? {
        if case .flag(let flag) = self { return flag }
        return nil
    }

    var number: UInt64? {
        if case .number(let number) = self { return number }
        return nil
    }

    /// A list in which `{"repeat": [item, n]}` stands for `n` times `item`.
    var list: [JSON] {
        guard case .array(let items) = self else { return [] }
        return items.flatMap { item -> [JSON] in
            guard case .array(let pair)? = item["repeat"], let count = pair[1].number else { return [item] }
            return Array(repeating: pair[0], count: Int(count))
        }
    }

    /// A string, or the pieces of one.
    var text: String {
        if case .string(let text) = self { return text }
        return list.map(\.text).joined()
    }

    /// Bytes in hexadecimal.
    var bytes: Data {
        let digits = Array(text.utf8).map { UInt8($0 < 58 ? $0 - 48 : $0 - 87) }
        precondition(digits.count % 2 == 0, "an odd number of hexadecimal digits")
        return Data(stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }

    /// Text in which each character stands for one byte.
    var latin1: Data { Data(text.unicodeScalars.map { UInt8($0.value) }) }

    /// With the pieces of strings joined.
    var joined: JSON {
        switch self {
        case .array: return .string(text)
        case .object(let fields): return .object(fields.mapValues(\.joined))
        default: return self
        }
    }

    var description: String {
        switch self {
        case .null: return "null"
        case .flag(let flag): return "\(flag)"
        case .number(let number): return "\(number)"
        case .real(let real): return "\(real)"
        case .string(let text): return text.count > 200 ? "\"\(text.prefix(200))...\"" : "\"\(text)\""
        case .array(let items): return "[\(items.map(\.description).joined(separator: ", "))]"
        case .object(let fields):
            return "{\(fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
        }
    }

    /// Where `found` lacks something of this: every field that this names must be equal.
    func difference(_ found: JSON) -> String? {
        if case .object(let expected) = self, case .object(let other) = found {
            for (name, value) in expected {
                if let inside = value.difference(other[name] ?? .null) { return "\(name): \(inside)" }
            }
            return nil
        }
        return self == found ? nil : "expected \(self), found \(found)"
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByDictionaryLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: elements))
    }

    init(_ text: String?) { self = text.map { .string($0) } ?? .null }
    init<Number: BinaryInteger>(_ number: Number?) { self = number.map { .number(UInt64($0)) } ?? .null }

    func merging(_ other: JSON) -> JSON { .object(fields.merging(other.fields) { $1 }) }
}

extension Data {
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Each byte as one character.
    var shown: String { String(String.UnicodeScalarView(map { Unicode.Scalar($0) })) }
}

/// A typing error in a vector must not pass for a default.
func known(_ value: JSON, _ names: String...) throws {
    for name in value.fields.keys where !names.contains(name) { throw Broken("unknown setting \(name)") }
}

/// The files of vectors.
enum Vectors {
    struct File: Decodable {
        let kind: String
        let vectors: [JSON]
    }

    static let files: [File] = {
        let folder = URL(fileURLWithPath: environment("POLYWIRE_VECTORS"))
        let names = try! FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return names.filter { $0.hasSuffix(".json") }.map { name in
            try! JSONDecoder().decode(File.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
        }
    }()

    static func of(_ kind: String) -> [JSON] {
        files.filter { $0.kind == kind }.flatMap(\.vectors)
    }
}

func environment(_ name: String) -> String {
    guard let value = ProcessInfo.processInfo.environment[name] else { fatalError("\(name) is not set") }
    return value
}

/// How input is cut: where it is must not matter.
enum Cut: CustomStringConvertible {
    case whole
    case bytes
    case random(UInt64)

    /// Whole, byte by byte, and at random cuts, each with a seed of its own.
    static func all(_ number: Int) -> [Cut] {
        [.whole, .bytes] + (0..<6).map { .random(UInt64(number * 6 + $0)) }
    }

    /// The lengths of the pieces of `length` bytes.
    func pieces(_ length: Int) -> [Int] {
        switch self {
        case .whole: return [length]
        case .bytes: return Array(repeating: 1, count: length)
        case .random(let seed):
            var dice = Dice(seed)
            // From a few bytes to large pieces, so that every part of a frame is cut somewhere.
            let most = 1 << (1 + dice.below(12))
            var pieces: [Int] = []
            var left = length
            while left > 0 {
                pieces.append(min(1 + dice.below(most), left))
                left -= pieces.last!
            }
            return pieces
        }
    }

    var description: String {
        switch self {
        case .whole: return "whole"
        case .bytes: return "byte by byte"
        case .random(let seed): return "cuts of seed \(seed)"
        }
    }
}

/// Small and good enough to cut bytes: SplitMix64.
struct Dice {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var x = state
        x = (x ^ (x >> 30)) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ (x >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((x ^ (x >> 31)) % UInt64(max(bound, 1)))
    }
}
