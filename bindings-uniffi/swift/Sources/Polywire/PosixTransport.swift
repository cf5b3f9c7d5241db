// TCP through POSIX sockets, for platforms without Network.framework.
//
// Owns a file descriptor, and two queues on which it is read and written: a wait blocks a thread of its own
// and none of Swift's. Knows nothing of WebSocket.

#if !canImport(Network)
import Dispatch
import Foundation
import Glibc

final class PosixTransport: Transport, @unchecked Sendable {
    private let descriptor: Int32
    private let reading = DispatchQueue(label: "polywire.read")
    private let writing = DispatchQueue(label: "polywire.write")

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        // Every wait holds this object, so nobody uses the descriptor any more.
        Glibc.close(descriptor)
    }

    static func connect(host: String, port: UInt16, timeout: TimeInterval) async throws -> PosixTransport {
        let queue = DispatchQueue(label: "polywire.connect")
        return try await withCheckedThrowingContinuation { waiting in
            queue.async {
                waiting.resume(with: Result { try connectNow(host: host, port: port, timeout: timeout) })
            }
        }
    }

    /// Connects to the first address that answers.
    private static func connectNow(host: String, port: UInt16, timeout: TimeInterval) throws -> PosixTransport {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &found)
        guard result == 0 else {
            throw PolywireError.unreachable("\(host): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(found) }
        let deadline = Date(timeIntervalSinceNow: timeout)
        var failure = "no address"
        var next = found
        while let address = next {
            let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype, address.pointee.ai_protocol)
            if descriptor >= 0 {
                if let error = attempt(descriptor, address.pointee, until: deadline) {
                    failure = error
                    Glibc.close(descriptor)
                } else {
                    return PosixTransport(descriptor)
                }
            }
            next = address.pointee.ai_next
        }
        throw PolywireError.unreachable("\(host) port \(port): \(failure)")
    }

    /// Connects without waiting longer than to the deadline; returns what went wrong.
    private static func attempt(_ descriptor: Int32, _ address: addrinfo, until deadline: Date) -> String? {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
            guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
            let left = deadline.timeIntervalSinceNow
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let millis = left > 1_000_000 ? -1 : Int32(max(0, left * 1000))
            guard poll(&waiting, 1, millis) == 1 else { return "no answer in time" }
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
            if error != 0 { return String(cString: strerror(error)) }
        }
        _ = fcntl(descriptor, F_SETFL, flags)
        return nil
    }

    func read() async throws -> Data? {
        try await withCheckedThrowingContinuation { waiting in
            reading.async { waiting.resume(with: Result { try self.readNow() }) }
        }
    }

    private func readNow() throws -> Data? {
        var bytes = Data(count: chunkSize)
        while true {
            let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 {
                bytes.removeLast(bytes.count - count)
                return bytes
            }
            if count == 0 { return nil }
            if errno != EINTR { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        }
    }

    func write(_ bytes: Data) async throws {
        try await withCheckedThrowingContinuation { (waiting: CheckedContinuation<Void, Error>) in
            writing.async { waiting.resume(with: Result { try self.writeNow(bytes) }) }
        }
    }

    private func writeNow(_ bytes: Data) throws {
        try bytes.withUnsafeBytes { (all: UnsafeRawBufferPointer) in
            var written = 0
            while written < all.count {
                let rest = UnsafeRawBufferPointer(rebasing: all[written...])
                let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count >= 0 {
                    written += count
                } else if errno != EINTR {
                    throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
                }
            }
        }
    }

    func shutdownWrite() async {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    func close() {
        // Wakes both queues; the descriptor itself lives as long as this object.
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
#endif
