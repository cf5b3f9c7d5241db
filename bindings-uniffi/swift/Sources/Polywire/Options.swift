// What a client can be told.
//
// Owns the options of Swift, and their names in the core's settings. It has no defaults of its own: what is
// nil is not named, and keeps the core's.

import Foundation
import PolywireCore

/// What to ask for, and what to allow. Whatever is nil has the core's default.
public struct Options: Sendable {
    /// The subprotocols that the application speaks, the preferred one first.
    public var subprotocols: [String] = []
    /// Further header fields of the request, such as `Authorization`.
    public var headers: [(name: String, value: String)] = []
    /// Bounds on what the server can make this end hold.
    public var limits = Limits()
    /// How long to wait for what, in seconds.
    public var timeouts = Timeouts()
    /// permessage-deflate, or nil to not offer it.
    public var deflate: Deflate? = Deflate()
    /// How many messages may wait for a slow reader before the socket is no longer read.
    public var messageBuffer = 16

    public init() {}
}

/// Bounds; `.max` is no limit.
public struct Limits: Sendable {
    /// Bytes of payload in one frame. Default: 16 MiB.
    public var frameSize: UInt64?
    /// Bytes of one message, on the wire and again after inflation; never more than 1 GiB. Default: 16 MiB.
    public var messageSize: UInt64?
    /// Bytes that wait to be written; beyond it `send` waits. Default: 1 MiB.
    public var sendQueue: UInt64?
    /// Messages per second. Default: no limit.
    public var messagesPerSecond: UInt64?
    /// Bytes per second. Default: no limit.
    public var bytesPerSecond: UInt64?

    public init() {}
}

/// Times in seconds; `.infinity` waits for ever.
public struct Timeouts: Sendable {
    /// For the addresses, TCP and TLS together.
    public var connect: TimeInterval = 10
    /// For the opening handshake. Default: 10 s.
    public var handshake: TimeInterval?
    /// For the server's close frame, and for the end of its stream. Default: 10 s.
    public var close: TimeInterval?
    /// Without a message in either direction. Default: infinite.
    public var idle: TimeInterval?
    /// Silence after which a ping is sent. Infinite: no pings. Default: 20 s.
    public var keepaliveInterval: TimeInterval?
    /// Silence after the ping after which the connection ends. Default: 20 s.
    public var keepaliveTimeout: TimeInterval?

    public init() {}
}

/// permessage-deflate.
public struct Deflate: Sendable {
    /// Ask the server to compress each message by itself.
    public var serverNoContextTakeover: Bool?
    /// Compress each message by itself.
    public var clientNoContextTakeover: Bool?
    /// The window that the server may use, 8 to 15. Default: 12.
    public var serverMaxWindowBits: Int?
    /// The window of this end, 8 to 15. Default: 12.
    public var clientMaxWindowBits: Int?
    /// Shorter messages go out as they are.
    public var threshold: Int?
    /// From 1, fastest, to 9, smallest.
    public var level: Int?

    public init() {}
}

extension Options {
    /// The settings that these options name.
    func settings() throws -> Settings {
        var named = [NamedSetting(name: "deflate", value: .flag(deflate != nil))]
        func add(_ name: String, _ value: Setting?) {
            if let value { named.append(NamedSetting(name: name, value: value)) }
        }
        func count(_ value: UInt64?) -> Setting? {
            value.map { $0 == .max ? .unlimited : .number(Double($0)) }
        }
        func time(_ value: TimeInterval?) -> Setting? {
            value.map { $0.isInfinite ? .unlimited : .number($0 * 1000) }
        }
        add("limits.frame_size", count(limits.frameSize))
        // A message has to fit into the batch that brings it.
        add("limits.message_size", count(limits.messageSize.map { min($0, 1 << 30) }))
        add("limits.send_queue", count(limits.sendQueue))
        add("limits.messages_per_second", count(limits.messagesPerSecond))
        add("limits.bytes_per_second", count(limits.bytesPerSecond))
        add("timeouts.handshake", time(timeouts.handshake))
        add("timeouts.close", time(timeouts.close))
        add("timeouts.idle", time(timeouts.idle))
        add("timeouts.keepalive.interval", time(timeouts.keepaliveInterval))
        add("timeouts.keepalive.timeout", time(timeouts.keepaliveTimeout))
        if let deflate {
            add("deflate.server_no_context_takeover", deflate.serverNoContextTakeover.map { .flag($0) })
            add("deflate.client_no_context_takeover", deflate.clientNoContextTakeover.map { .flag($0) })
            add("deflate.server_max_window_bits", deflate.serverMaxWindowBits.map { .number(Double($0)) })
            add("deflate.client_max_window_bits", deflate.clientMaxWindowBits.map { .number(Double($0)) })
            add("deflate.threshold", deflate.threshold.map { .number(Double($0)) })
            add("deflate.level", deflate.level.map { .number(Double($0)) })
        }
        return try translated { try Settings(named: named) }
    }
}
