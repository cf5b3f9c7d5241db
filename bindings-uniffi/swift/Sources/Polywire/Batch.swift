// What a call of the core's connection gives back, unpacked.
//
// Owns the layout of a batch on this side; the other is `src/batch.rs`. Knows nothing of sockets.

import Foundation

/// The events of one call of `PolywireCore.Connection`, what to do next, and what to write.
public struct Batch {
    /// When to call `handleTimeout`, in microseconds of the caller's clock; `never` if not at all.
    public let deadline: Int64
    /// How many bytes are still queued.
    public let queued: Int
    /// The bytes to write to the socket.
    public let output: Data
    /// The events in their order.
    public let events: [Event]

    /// No deadline.
    public static let never = Int64.max

    private let flags: UInt32

    private static let header = 32
    private static let record = 32

    /// Unpacks what a call returned.
    public init(_ bytes: Data) {
        let words = Words(bytes: bytes)
        flags = words.word(4)
        let deadline = Int64(bitPattern: words.long(8))
        self.deadline = deadline < 0 ? Self.never : deadline
        queued = Int(words.word(24))
        let outputAt = Self.header + Int(words.word(16))
        output = words.data(at: outputAt, count: Int(words.word(20)))
        let recordsAt = outputAt + output.count
        events = (0..<Int(words.word(0))).map { Event(words, at: recordsAt + $0 * Self.record) }
    }

    /// Read from the socket.
    public var wantsRead: Bool { flags & 1 != 0 }
    /// There is more to write than `output`.
    public var wantsWrite: Bool { flags & 2 != 0 }
    /// Shut down the writing side when everything is written, and read on.
    public var shutdownWrite: Bool { flags & 4 != 0 }
    /// Close the socket when everything is written.
    public var close: Bool { flags & 8 != 0 }
    /// Messages can be sent.
    public var isOpen: Bool { flags & 16 != 0 }
    /// Not everything fitted: call `receive` again, without bytes, before anything else comes in.
    public var more: Bool { flags & 32 != 0 }
    /// Nothing can be sent behind what comes next: let the messages of this batch be answered first.
    public var endsNext: Bool { flags & 64 != 0 }
}

/// Something that the peer did, or that time did.
public enum Event {
    /// A whole text message.
    case text(String)
    /// A whole binary message.
    case binary(Data)
    /// The next piece of a message, where messages are delivered in pieces.
    case chunk(Data, isText: Bool, last: Bool)
    /// A ping, which is answered already.
    case ping(Data)
    /// A pong, with the round trip in microseconds if it answers a ping of this connection.
    case pong(Data, roundTrip: UInt64?)
    /// The peer's close frame, which is answered already.
    case close(code: UInt16?, reason: String)
    /// The peer broke a rule.
    case failed(Violation)
    /// The end, last and once.
    case ended(End)

    fileprivate init(_ words: Words, at: Int) {
        let payload = { words.data(at: 32 + Int(words.word(at + 4)), count: Int(words.word(at + 8))) }
        let text = { String(decoding: payload(), as: UTF8.self) }
        let code = words.word(at + 12)
        let kind = words.word(at)
        switch kind {
        case 1: self = .text(text())
        case 2: self = .binary(payload())
        case 3, 4: self = .chunk(payload(), isText: kind == 3, last: code == 1)
        case 5: self = .ping(payload())
        case 6:
            let trip = words.long(at + 16)
            self = .pong(payload(), roundTrip: trip == .max ? nil : trip)
        case 7: self = .close(code: code == .max ? nil : UInt16(code), reason: text())
        case 8:
            let (found, offset) = (words.long(at + 16), words.long(at + 24))
            self = .failed(Violation(rule: .at(code), found: found, offset: offset))
        case 9:
            let (cause, rule) = (words.word(at + 16), words.word(at + 20))
            self = .ended(End(cause: .at(cause), code: UInt16(code), rule: rule == .max ? nil : .at(rule)))
        default: preconditionFailure("an event of kind \(kind)")
        }
    }
}

/// Words of 32 and 64 bits, low byte first.
private struct Words {
    let bytes: Data

    func word(_ at: Int) -> UInt32 {
        bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt32.self)) }
    }

    func long(_ at: Int) -> UInt64 {
        bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }
    }

    /// A copy: a small message must not keep a large batch alive.
    func data(at: Int, count: Int) -> Data {
        bytes.withUnsafeBytes { Data($0[at..<at + count]) }
    }
}
