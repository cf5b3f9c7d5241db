// A duplex stream of bytes.
//
// Owns the sockets: Network.framework where there is one, POSIX elsewhere. Knows nothing of WebSocket.

import Foundation

protocol Transport: AnyObject, Sendable {
    /// Reads what there is, at least one byte; nil at the end of the stream.
    func read() async throws -> Data?
    /// Writes all of it.
    func write(_ bytes: Data) async throws
    /// Tells the peer that nothing more comes.
    func shutdownWrite() async
    /// Ends both directions, also of what waits.
    func close()
}

/// How much is read or written at a time.
let chunkSize = 64 << 10

func connectTransport(host: String, port: UInt16, secure: Bool, timeout: TimeInterval) async throws -> any Transport {
    #if canImport(Network)
    return try await NetworkTransport.connect(host: host, port: port, secure: secure, timeout: timeout)
    #else
    if secure { throw PolywireError.tlsUnavailable }
    return try await PosixTransport.connect(host: host, port: port, timeout: timeout)
    #endif
}
