// A WebSocket client for Swift's concurrency.
//
// Owns what an application sees of a connection. How it runs is `Link.swift`; every decision about the
// protocol is the core's.

import Foundation
import PolywireCore

/// A WebSocket connection to a server.
///
/// All functions may be called from any task. Whoever opens a client closes it: with `close` or `abort`.
public final class Client: Sendable {
    private let link: Link
    /// The subprotocol that the server chose.
    public let subprotocol: String?
    /// Whether permessage-deflate was agreed on.
    public let isCompressed: Bool
    /// The server's response to the opening handshake.
    public let response: HTTPResponse

    private init(_ link: Link, _ agreement: Agreement, _ response: Response) {
        self.link = link
        subprotocol = agreement.subprotocol
        isCompressed = agreement.deflate != nil
        self.response = HTTPResponse(response)
    }

    /// Opens a connection to a `ws://` or `wss://` URL.
    public static func connect(_ url: String, options: Options = Options()) async throws -> Client {
        let settings = try options.settings()
        let parts = try translated { try locate(url: url, redirect: nil) }
        let transport = try await connectTransport(
            host: parts.host, port: parts.port, secure: parts.secure, timeout: options.timeouts.connect)
        return try await withTaskCancellationHandler {
            do {
                let headers = options.headers.map { Header(name: $0.name, value: Data($0.value.utf8)) }
                let handshake = try ClientHandshake(
                    url: url, subprotocols: options.subprotocols, headers: headers, settings: settings, nonce: nil,
                    now: Clock.now())
                let agreement = try await shake(transport, handshake)
                let link = Link(
                    transport: transport, settings: settings, agreement: agreement, leftover: handshake.leftover(),
                    messageBuffer: options.messageBuffer)
                // It agreed, so it is there.
                return Client(link, agreement, handshake.response()!)
            } catch {
                transport.close()
                try Task.checkCancellation()
                if let failure = error as? Failure { throw PolywireError(failure) }
                throw error
            }
        } onCancel: {
            transport.close()
        }
    }

    /// The messages, in their order. Each goes to one reader.
    ///
    /// The sequence ends after a closing handshake, and throws `PolywireError.ended` when the connection ended
    /// in another way. While nobody reads and `Options.messageBuffer` is full, nothing is read from the socket:
    /// the server has to wait.
    public var messages: Messages { Messages(mailbox: link.mailbox) }

    /// Whether messages can be sent.
    public var isOpen: Bool { link.isOpen }

    /// Sends a text message, and waits while the send queue is full. `compress` off sends it as it is, even where
    /// compression was agreed on: for secrets beside content that an attacker can choose.
    public func send(_ text: String, compress: Bool = true) async throws {
        try await link.send(Data(text.utf8), text: true, compress: compress)
    }

    /// Sends a binary message, as the other `send` does.
    public func send(_ bytes: Data, compress: Bool = true) async throws {
        try await link.send(bytes, text: false, compress: compress)
    }

    /// Sends a message of either kind.
    public func send(_ message: Message) async throws {
        switch message {
        case .text(let text): try await send(text)
        case .binary(let bytes): try await send(bytes)
        }
    }

    /// Sends a ping, and returns how many seconds its pong took.
    public func ping() async throws -> TimeInterval {
        try await link.ping()
    }

    /// Closes the connection with a closing handshake, and returns how it ended. Messages that nobody has read
    /// when it is called may be lost.
    @discardableResult
    public func close(code: UInt16 = 1000, reason: String = "") async throws -> End {
        try await link.close(code: code, reason: reason)
    }

    /// Waits for the end of the connection, and returns how it ended.
    public func end() async throws -> End {
        try await link.ended.wait()
    }

    /// Gives the connection up, without a word to the server.
    public func abort() {
        link.abort()
    }
}

/// The messages of a connection.
public struct Messages: AsyncSequence, Sendable {
    public typealias Element = Message

    let mailbox: Mailbox

    public func makeAsyncIterator() -> Iterator {
        Iterator(mailbox: mailbox)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let mailbox: Mailbox

        public func next() async throws -> Message? {
            try await mailbox.take()
        }
    }
}

/// Runs the opening handshake of a client.
private func shake(_ transport: any Transport, _ handshake: ClientHandshake) async throws -> Agreement {
    // The socket is closed when time is up, which ends the read below.
    let alarm = handshake.deadline().map { deadline in
        Task {
            try await Task.sleep(nanoseconds: UInt64(max(0, deadline - Clock.now())) * 1000)
            transport.close()
        }
    }
    defer { alarm?.cancel() }
    try await transport.write(handshake.request())
    while true {
        let bytes = try? await transport.read()
        try Task.checkCancellation()
        if let deadline = handshake.deadline(), Clock.now() >= deadline {
            if let agreement = try handshake.handleTimeout(now: Clock.now()) { return agreement }
        }
        let agreement = try bytes.map { try handshake.receive(bytes: $0, now: Clock.now()) } ?? handshake.receiveEof()
        if let agreement { return agreement }
    }
}
